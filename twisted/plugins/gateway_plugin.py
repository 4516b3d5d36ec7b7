"""`twistd gateway`: the module is named by a string, so an error in it shows its traceback."""

from twisted.application.service import ServiceMaker

gateway = ServiceMaker(
    "Passkey Gateway",
    "gateway.tap",
    "Put passkey sign-in in front of a web app that cannot be changed.",
    "gateway",
)
