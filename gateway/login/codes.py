"""QR codes for the rooms of the site; they are drawn in `gateway.pages.codes`."""

from gateway.pages.codes import QrPath, qr_path

__all__ = ["QrPath", "qr_path"]
