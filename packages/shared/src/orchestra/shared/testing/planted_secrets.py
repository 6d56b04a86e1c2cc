"""Makes secrets that look real and open nothing, to plant where none may come out again."""

import base64
import json
from collections.abc import Callable
from random import Random
from string import ascii_letters, ascii_uppercase, digits

ALNUM = ascii_letters + digits
DASHED = ALNUM + "-_"
BASE64 = ALNUM + "+/"
HEX = "0123456789abcdef"
UPPER = ascii_uppercase + digits

Made = tuple[str, str]
"""A text, and the secret in it that must not come through."""


def run(random: Random, alphabet: str, length: int) -> str:
    """`length` characters of `alphabet`; always with letters and, where it has some, digits."""
    letters = [c for c in alphabet if c.isalpha()]
    numbers = [c for c in alphabet if c.isdigit()]
    made = [random.choice(alphabet) for _ in range(length)]
    made[0], made[-1] = random.choice(letters), random.choice(letters)
    if numbers and length > 4:
        made[length // 2], made[length // 3] = random.choice(numbers), random.choice(numbers)
    return "".join(made)


def plant(kind: str, random: Random) -> Made:
    """A text with a secret of `kind` (a key of `KINDS`), and the secret."""
    return KINDS[kind](random)


def _token(prefix: str, *parts: tuple[str, int] | str) -> Callable[[Random], Made]:
    def make(random: Random) -> Made:
        body = "".join(p if isinstance(p, str) else run(random, *p) for p in parts)
        return prefix + body, prefix + body

    return make


def _inside(form: str, alphabet: str, length: int) -> Callable[[Random], Made]:
    def make(random: Random) -> Made:
        secret = run(random, alphabet, length)
        return form.replace("§", secret), secret

    return make


def _jwt(random: Random) -> Made:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    head, body = part({"alg": "RS256", "typ": "JWT"}), part({"sub": run(random, ALNUM, 12)})
    made = f"{head}.{body}.{run(random, DASHED, 43)}"
    return made, made


def _pem(label: str) -> Callable[[Random], Made]:
    def make(random: Random) -> Made:
        lines = [run(random, BASE64, 64) for _ in range(6)]
        edge = "-----"
        body = "\n".join([f"{edge}BEGIN {label}{edge}", *lines, f"{edge}END {label}{edge}"])
        return body, lines[2]

    return make


def _basic(random: Random) -> Made:
    secret = base64.b64encode(f"user:{run(random, ALNUM, 14)}".encode()).decode()
    return f"Authorization: Basic {secret}", secret


def _uuid(random: Random) -> str:
    return "-".join(run(random, HEX, n) for n in (8, 4, 4, 4, 12))


def _uuid_key(random: Random) -> Made:
    secret = _uuid(random)
    return f'PINECONE_API_KEY="{secret}"', secret


KINDS: dict[str, Callable[[Random], Made]] = {
    "aws-access-key": _token("AKIA", (UPPER, 16)),
    "aws-temporary-key": _token("ASIA", (UPPER, 16)),
    "aws-secret-key": _inside("aws_secret_access_key = §", BASE64, 40),
    "aws-session-token": _inside("AWS_SESSION_TOKEN=§", BASE64, 200),
    "gcp-api-key": _token("AIza", (DASHED, 35)),
    "gcp-oauth-secret": _token("GOCSPX-", (DASHED, 28)),
    "gcp-access-token": _token("ya29.", (DASHED, 120)),
    "gcp-private-key-json": lambda random: (
        (made := _pem("PRIVATE KEY")(random)) and (json.dumps({"private_key": made[0]}), made[1])
    ),
    "azure-storage": _inside("AccountName=acct;AccountKey=§==;EndpointSuffix=x", BASE64, 86),
    "azure-sas": _inside("https://acct.blob.core.windows.net/c?sv=2024&sig=§%3D", ALNUM, 43),
    "azure-client-secret": _token("", (ALNUM, 3), "8Q~", (DASHED, 34)),
    "digitalocean": _token("dop_v1_", (HEX, 64)),
    "lambda-cloud": _token("secret_", "laptop-3", "_", (HEX, 32), ".", (ALNUM, 32)),
    "vercel": _token("vcp_", (ALNUM, 56)),
    "vercel-old": _inside("VERCEL_TOKEN=§", ALNUM, 24),
    "netlify": _token("nfp_", (ALNUM, 36)),
    "supabase": _token("sbp_", (HEX, 40)),
    "planetscale": _token("pscale_tkn_", (DASHED, 43)),
    "pulumi": _token("pul-", (HEX, 40)),
    "terraform-cloud": _token("", (ALNUM, 14), ".atlasv1.", (DASHED, 67)),
    "vault": _token("hvs.", (DASHED, 95)),
    "doppler": _token("dp.pt.", (ALNUM, 43)),
    "databricks": _token("dapi", (HEX, 32)),
    "github-classic": _token("ghp_", (ALNUM, 36)),
    "github-oauth": _token("gho_", (ALNUM, 36)),
    "github-server": _token("ghs_", (ALNUM, 36)),
    "github-fine-grained": _token("github_pat_", (ALNUM, 22), "_", (ALNUM, 59)),
    "gitlab": _token("glpat-", (DASHED, 20)),
    "gitlab-runner": _token("glrt-", (DASHED, 20)),
    "bitbucket": _token("ATBB", (ALNUM, 32)),
    "atlassian": _token("ATATT3", (DASHED, 186)),
    "npm": _token("npm_", (ALNUM, 36)),
    "npmrc": _inside("//registry.npmjs.org/:_authToken=§", ALNUM, 36),
    "pypi": _token("pypi-AgEIcHlwaS5vcmc", (DASHED, 150)),
    "rubygems": _token("rubygems_", (HEX, 48)),
    "docker-hub": _token("dckr_pat_", (DASHED, 27)),
    "docker-auth": _inside('{"auths": {"r.io": {"auth": "§"}}}', ALNUM, 40),
    "anthropic": _token("sk-ant-api03-", (DASHED, 93), "AA"),
    "openrouter": _token("sk-or-v1-", (HEX, 64)),
    "openai": _token("sk-", (ALNUM, 20), "T3BlbkFJ", (ALNUM, 20)),
    "openai-project": _token("sk-proj-", (DASHED, 74), "T3BlbkFJ", (DASHED, 74)),
    "huggingface": _token("hf_", (ascii_letters, 34)),
    "groq": _token("gsk_", (ALNUM, 52)),
    "xai": _token("xai-", (ALNUM, 80)),
    "replicate": _token("r8_", (ALNUM, 37)),
    "perplexity": _token("pplx-", (ALNUM, 48)),
    "nvidia": _token("nvapi-", (DASHED, 64)),
    "langsmith": _token("lsv2_pt_", (HEX, 32), "_", (HEX, 10)),
    "pinecone": _token("pcsk_", (ALNUM, 5), "_", (ALNUM, 63)),
    "pinecone-old": _uuid_key,
    "weaviate": _inside("WEAVIATE_API_KEY=§", ALNUM, 40),
    "orchestra": _token("orc_", "live_", (ALNUM, 8), "_", (ALNUM, 49)),
    "slack-bot": _token("xoxb-", (digits + "ab", 12), "-", (ALNUM, 24)),
    "slack-app": _token("xapp-1-A", (UPPER, 10), "-7042-", (HEX, 64)),
    "slack-webhook": _inside("https://hooks.slack.com/services/T012AB/B345CD/§", ALNUM, 24),
    "discord-bot": _token("M", (ALNUM, 25), ".", (ALNUM, 6), ".", (DASHED, 38)),
    "discord-webhook": _inside("https://discord.com/api/webhooks/11223344/§", DASHED, 68),
    "telegram": _token("8112345678:AA", (DASHED, 33)),
    "stripe": _token("sk_live_", (ALNUM, 24)),
    "stripe-webhook": _token("whsec_", (ALNUM, 32)),
    "twilio": _token("SK", (HEX, 32)),
    "twilio-auth": _inside("TWILIO_AUTH_TOKEN=§", HEX, 32),
    "sendgrid": _token("SG.", (DASHED, 22), ".", (DASHED, 43)),
    "mailgun": _token("key-", (HEX, 32)),
    "mailchimp": _token("", (HEX, 32), "-us12"),
    "shopify": _token("shpat_", (HEX, 32)),
    "linear": _token("lin_api_", (ALNUM, 40)),
    "notion": _token("ntn_", (ALNUM, 46)),
    "figma": _token("figd_", (DASHED, 40)),
    "airtable": _token("pat", (ALNUM, 14), ".", (HEX, 64)),
    "postman": _token("PMAK-", (HEX, 24), "-", (HEX, 34)),
    "grafana": _token("glsa_", (ALNUM, 32), "_", (HEX, 8)),
    "new-relic": _token("NRAK-", (UPPER, 27)),
    "posthog": _token("phx_", (ALNUM, 43)),
    "private-key": _pem("RSA PRIVATE KEY"),
    "openssh-key": _pem("OPENSSH PRIVATE KEY"),
    "age-key": _token("AGE-SECRET-KEY-1", (UPPER, 58)),
    "jwt": _jwt,
    "url-password": _inside("postgresql://app:§@db.internal:5432/app", ALNUM + "!$*", 16),
    "url-token": _inside("https://§@git.example.org/team/repo.git", ALNUM, 32),
    "url-x-access-token": _inside("https://x-access-token:§@github.com/a/b.git", ALNUM, 30),
    "redis-password": _inside("redis://:§@cache:6379/0", ALNUM, 20),
    "bearer": _inside("Authorization: Bearer §", ALNUM + "-._", 32),
    "basic": _basic,
    "cookie": _inside("Cookie: theme=dark; session=§", ALNUM, 32),
    "set-cookie": _inside("set-cookie: sid=§; Path=/; HttpOnly", ALNUM, 32),
    "password-env": _inside("DB_PASSWORD=§", ALNUM + "!%^*-_", 14),
    "password-json": _inside('{"user": "app", "password": "§"}', ALNUM + "!%^*-_#(", 14),
    "password-yaml": _inside("password: §", ALNUM, 14),
    "password-python": _inside('connect(password="§", host="db")', ALNUM + "!@^*", 12),
    "password-option": _inside("mysqldump --password §", ALNUM, 14),
    "password-dotnet": _inside("Server=db;User Id=sa;Password=§;Encrypt=true", ALNUM, 16),
    "api-key-yaml": _inside("api_key: §", ALNUM, 32),
    "api-key-header": _inside("X-Api-Key: §", HEX, 32),
    "api-key-query": _inside("https://api.example.org/v1?api_key=§&page=2", ALNUM, 32),
    "secret-django": _inside("SECRET_KEY = '§'", ALNUM + "!@#^*(-_=+)", 50),
    "client-secret": _inside('"client_secret":"§"', DASHED, 40),
    "escaped-json": _inside('"body": "{\\"access_token\\":\\"§\\"}"', DASHED, 40),
    "netrc": _inside("machine api.example.org login me password §", ALNUM, 20),
    "curl-user": _inside("curl -u admin:§ https://api.example.org", ALNUM, 16),
    "toml-token": _inside('token = "§"', DASHED, 32),
    "xml-password": _inside("<password>§</password>", ALNUM, 14),
    "datadog": _inside("DD_API_KEY=§", HEX, 32),
    "cohere": _inside('cohere_api_key="§"', ALNUM, 40),
}
"""The kinds of secrets, each with how to make one."""
