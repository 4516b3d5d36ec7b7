"""SOGo, a real groupware (Debian packages), as an app to put behind the gateway."""
