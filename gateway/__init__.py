"""
Passkey Gateway: nobody reaches the web app behind it who has not signed in.

What the gateway decides is in `gateway.rules`: pure, no I/O, no clock, no randomness.
Each package beside it does one thing with the outside world and knows no sibling.
`gateway.service` alone ties them together; `gateway.tap` and the plugin start it.
"""
