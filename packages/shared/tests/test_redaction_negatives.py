"""Redaction leaves alone what only looks like a secret."""

import base64
import hashlib
from random import Random
from uuid import UUID

import pytest
from orchestra.shared.redaction import Redactor
from orchestra.shared.redaction_rules import RULES

STAND_INS = """<your-key>
<password>
${DB_PASSWORD}
$DB_PASSWORD
{{ vault.password }}
${{ secrets.API_TOKEN }}
xxxxxxxxxxxxxxxx
XXXXXXXX
****************
changeme
change-me
example
example-token
your-api-key-here
YOUR_API_KEY
placeholder
REDACTED
dummy
...
%(password)s
%s
{password}
None
null
true
string
required
os.environ["API_KEY"]
process.env.API_KEY
settings.api_key
getpass.getpass()
self.password
secret://env/DB_PASSWORD
op://vault/item/field
arn:aws:secretsmanager:eu-west-1:1:secret:x
/run/secrets/db_password
~/.config/app/token""".splitlines()

FORMS = ("password = {}", "api_key: {}", "DB_PASSWORD={}", 'token = "{}"', "--token {}")

LINES = """git@github.com:team/repo.git
ssh://git@github.com/team/repo.git
https://github.com/team/repo.git
http://localhost:8080/@vite/client
https://unpkg.com:443/react@18.2.0/index.js
postgresql://user:password@localhost/db
postgresql://user:${PGPASSWORD}@localhost/db
postgresql://localhost:5432/app?sslmode=require
redis://cache:6379/0
mailto:someone@example.org
def login(user: str, password: str) -> Token:
    return check(password=password, token=token)
if password != confirm_password: raise ValueError("password mismatch")
The password must have at least 12 characters.
password: required
Password: string;
passwordless: true
password_hash = hash_password(password)
token_count: 4096
max_tokens = 8192
tokens: 120000
token_type: bearer
tokenizer = Tokenizer.from_file("tokenizer.json")
secret_name: my-app-tls
secretName: my-app-tls-2
secret: my-app-tls
kind: Secret
key: value
primary_key = True
foreign_key: users.id
public_key = load("id_ed25519.pub")
cache_key = f"{user}:{page}"
access_key: str | None = None
AKIAIOSFODNN7EXAMPLE
AKIA is the prefix of an access key
ghp_ is the prefix of a token
sk-learn and sk-image are libraries
task-1234567890
risk-assessment-for-the-next-release-candidate
Authorization: Bearer <token>
Authorization: Bearer ${TOKEN}
uses bearer authentication everywhere
basic understanding of cryptography
Set-Cookie is a response header
Cookie: see the documentation
curl -u user:password https://example.org
curl https://example.org/install.sh
-----BEGIN PUBLIC KEY-----
-----BEGIN CERTIFICATE-----
a file that starts with -----BEGIN PRIVATE KEY----- is a key
eyJ is how a token begins
xoxb- and xoxp- are prefixes
import { useToken } from "@/hooks/use-token"
password=config.json
password = settings.env
api_key: process.env
const apiKey = process.env.API_KEY
apiKey: config.apiKey,
api_key=os.getenv("API_KEY")
password=getpass("Password: ")
export TOKEN=$(gh auth token)
TOKEN=$(cat token.txt)
token: ${{ secrets.GITHUB_TOKEN }}
permissions: id-token: write
feature/add-password-reset
fix: token refresh loop (#1234)
Merge branch 'feature/secret-rotation' into main
src/auth/password_reset.py
tests/test_api_key_rotation.py
rename token.go => auth/token_store.go
secretsmanager.get_secret_value(SecretId=name)
resources.secret.password.description
v1.2.3-beta.4+build.567
2026-11-23T10:11:12.123456Z
0x7fffdeadbeef0000
#ff00aa #00ff00
M 100 200 L 300 400 Z
1.3.6.1.4.1.311.21.8
aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
user.password.mustMatch
error.invalid_token
"token": {"type": "string"}
[redacted:github] was here""".splitlines()


def _hashes(random: Random) -> list[str]:
    raw = random.randbytes(64)
    sha1, sha256 = hashlib.sha1(raw).hexdigest(), hashlib.sha256(raw).hexdigest()
    sri = base64.b64encode(hashlib.sha512(raw).digest()).decode()
    go = base64.b64encode(hashlib.sha256(raw).digest()).decode()
    uuid = UUID(bytes=raw[:16], version=4)
    return [
        sha1,
        f"commit {sha1}",
        f"index {sha1[:7]}..{sha1[8:15]} 100644",
        f"refs/heads/backup-{sha1}",
        f"uses: actions/checkout@{sha1} # v4",
        f"sha256:{sha256}",
        f"image: registry.example.org/app@sha256:{sha256}",
        f'integrity: "sha512-{sri}"',
        f'"integrity": "sha512-{sri}",',
        f"golang.org/x/net v0.1.0 h1:{go}",
        f'{{ url = "https://files.example.org/{sha256}/x.whl", hash = "sha256:{sha256}" }}',
        f"id: {uuid}",
        f"request_id={uuid}",
        f"cache-key-{sha1[:32]}",
        f'etag: W/"{sha1}"',
        f"data:image/png;base64,{base64.b64encode(raw).decode()}",
        f"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{go[:40]} me@host",
        f"SHA256:{go[:43]} me@host (ED25519)",
        f"app-{sha1[:10]}.js?v={sha1[:8]}",
        f"trace {sha256[:32]} span {sha256[32:48]}",
    ]


NEGATIVES = sorted(
    {form.format(value) for form in FORMS for value in STAND_INS}
    | set(LINES)
    | {line for seed in range(5) for line in _hashes(Random(seed))}
    | {f"see rule {rule.id} for {rule.id.replace('-', '_')}" for rule in RULES}
)


@pytest.mark.requirement("ctx.redaction")
def test_hard_negatives_come_through_byte_for_byte() -> None:
    redactor = Redactor()
    assert len(NEGATIVES) >= 200
    assert {line: out for line in NEGATIVES if (out := redactor.text(line)) != line} == {}


@pytest.mark.requirement("ctx.redaction")
def test_the_same_negatives_in_one_document_come_through_byte_for_byte() -> None:
    document = "\n".join(NEGATIVES)
    assert Redactor().text(document) == document
