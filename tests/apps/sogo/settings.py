"""
The settings of SOGo and of what it needs, as its installation guide has them.

Nothing here is made for the gateway but one thing, which any reverse proxy needs: the web
server believes the `X-Forwarded-Proto` of whom stands in front of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.apps.sogo.people import PEOPLE, Person

DATABASE = "postgres"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Where everything of one SOGo is: a directory, loopback ports, an account, a secret."""

    directory: Path
    account: str
    """The Unix account of all its processes, and its group."""
    password: str
    """Of the database and of every person; letters and digits only."""
    database_port: int
    imap_port: int
    daemon_port: int
    web_port: int

    @property
    def url(self) -> str:
        """Where browsers find it."""
        return f"http://127.0.0.1:{self.web_port}"

    def table(self, name: str) -> str:
        """A table's address, as SOGo writes it."""
        server = f"sogo:{self.password}@127.0.0.1:{self.database_port}"
        return f"postgresql://{server}/{DATABASE}/{name}"


def sogo_defaults(ground: Ground) -> dict[str, object]:
    """What stands in `sogo.conf` on a real server."""
    return {
        "WONoDetach": "YES",
        "WOPort": f"127.0.0.1:{ground.daemon_port}",
        "WOWorkersCount": 3,
        "WOLogFile": "-",
        "WOPidFile": ground.directory / "sogo.pid",
        "SOGoMailSpoolPath": ground.directory / "spool",
        "SOGoMemcachedHost": ground.directory / "memcached",
        "SOGoProfileURL": ground.table("sogo_user_profile"),
        "OCSFolderInfoURL": ground.table("sogo_folder_info"),
        "OCSSessionsFolderURL": ground.table("sogo_sessions_folder"),
        "OCSEMailAlarmsFolderURL": ground.table("sogo_alarms_folder"),
        "SOGoUserSources": [
            {
                "type": "sql",
                "id": "people",
                "viewURL": ground.table("people"),
                "userPasswordAlgorithm": "plain",
                "canAuthenticate": "YES",
                "isAddressBook": "YES",
                "displayName": "People",
            }
        ],
        "SOGoIMAPServer": f"imap://127.0.0.1:{ground.imap_port}",
        "SOGoMailDomain": "example.test",
        "SOGoAppointmentSendEMailNotifications": "NO",
        "SOGoLoginModule": "Calendar",
        "SOGoAnimationMode": "none",
        "SOGoLanguage": "Japanese",
        "SOGoTimeZone": "Asia/Tokyo",
        "SOGoLongDateFormat": "%Y年%m月%d日",
        "SOGoShortDateFormat": "%Y/%m/%d",
    }


def plist(value: object) -> str:
    """A value as GNUstep writes it (OpenStep property list)."""
    match value:
        case dict():
            pairs = (f"{plist(key)} = {plist(each)};" for key, each in value.items())
            return "{ " + " ".join(pairs) + " }"
        case list():
            return "( " + ", ".join(map(plist, value)) + " )"
        case _:
            text = str(value).replace("\\", "\\\\").replace('"', '\\"')
            return f'"{text}"'


def people_sql(ground: Ground) -> str:
    """The table of who may log in to SOGo; its password is as short-lived as the table."""
    rows = ",\n".join(_row(person, ground.password) for person in PEOPLE)
    return (
        "CREATE TABLE people (c_uid TEXT PRIMARY KEY, c_name TEXT, c_password TEXT,"
        " c_cn TEXT, mail TEXT);\n"
        f"INSERT INTO people VALUES\n{rows};\n"
    )


def imap_passwords(ground: Ground) -> str:
    """The same for dovecot."""
    return "".join(f"{person.login}:{{PLAIN}}{ground.password}\n" for person in PEOPLE)


def nginx(ground: Ground) -> str:
    """The web server in front of SOGo's daemon: static files, and everything else passed on."""
    there = ground.directory
    return f"""
daemon off;
worker_processes 1;
error_log stderr;
pid {there}/nginx.pid;
events {{ worker_connections 256; }}
http {{
  include /etc/nginx/mime.types;
  access_log off;
  client_body_temp_path {there}/nginx-body;
  proxy_temp_path {there}/nginx-proxy;
  fastcgi_temp_path {there}/nginx-fastcgi;
  uwsgi_temp_path {there}/nginx-uwsgi;
  scgi_temp_path {there}/nginx-scgi;
  client_max_body_size 64m;
  gzip on;
  gzip_proxied any;
  gzip_types text/css application/javascript application/json;
  map $http_x_forwarded_proto $outside {{ default $scheme; https https; }}
  server {{
    listen 127.0.0.1:{ground.web_port};
    location = / {{ return 302 /SOGo/; }}
    location /SOGo {{
      proxy_pass http://127.0.0.1:{ground.daemon_port};
      proxy_http_version 1.0;
      proxy_redirect off;
      proxy_buffer_size 64k;
      proxy_buffers 8 64k;
      proxy_set_header Host $http_host;
      proxy_set_header x-webobjects-server-protocol HTTP/1.0;
      proxy_set_header x-webobjects-server-name $host;
      proxy_set_header x-webobjects-server-url $outside://$http_host;
      proxy_set_header x-webobjects-server-port $server_port;
      proxy_set_header x-webobjects-remote-host $remote_addr;
      proxy_set_header x-webobjects-remote-user "";
    }}
    location ~ ^/SOGo(\\.woa)?/WebServerResources/(.*)$ {{
      alias /usr/lib/GNUstep/SOGo/WebServerResources/$2;
      expires 1y;
    }}
  }}
}}
"""


def dovecot(ground: Ground) -> str:
    """IMAP on loopback without privileges (dovecot's "rootless installation")."""
    there, account = ground.directory, ground.account
    return f"""
base_dir = {there}/dovecot
state_dir = {there}/dovecot
log_path = /dev/stderr
default_internal_user = {account}
default_internal_group = {account}
default_login_user = {account}
first_valid_uid = 1
listen = 127.0.0.1
protocols = imap
ssl = no
disable_plaintext_auth = no
mail_location = maildir:~/Maildir
passdb {{
  driver = passwd-file
  args = {there}/imap-passwords
}}
userdb {{
  driver = static
  args = uid={account} gid={account} home={there}/mail/%u
}}
namespace inbox {{
  inbox = yes
  mailbox Drafts {{
    auto = subscribe
  }}
  mailbox Sent {{
    auto = subscribe
  }}
  mailbox Trash {{
    auto = subscribe
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {ground.imap_port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
"""


def _row(person: Person, password: str) -> str:
    address = f"{person.login}@example.test"
    values = (person.login, person.login, password, person.name, address)
    return "(" + ", ".join(f"'{value}'" for value in values) + ")"
