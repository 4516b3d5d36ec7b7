"""
The gateway for `twistd -y`, where a plugin is not wanted.

    GATEWAY_CONFIG=/etc/gateway/gateway.toml twistd -n -y tac/gateway.tac
"""

import os
from pathlib import Path

from twisted.application.service import Application

from gateway.tap import service_for

application = Application("gateway")
service_for(Path(os.environ.get("GATEWAY_CONFIG", "gateway.toml"))).setServiceParent(application)
