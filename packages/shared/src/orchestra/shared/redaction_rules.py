"""The table of secrets that are known by their shape; every pattern is RE2, so none can stall."""

from typing import NamedTuple


class Rule(NamedTuple):
    """`body` is what is redacted where it stands between `before` and `after`.

    Most bodies start with a prefix that nothing else has, so they need no word boundary and are
    also found right after `\\n` of an escaped text or inside a longer word. The others are given
    `before=_EDGE`. No body contains a capturing group. Runs are open-ended: what is glued to a
    secret goes with it, so that none can be hidden by lengthening it.
    """

    id: str
    body: str
    before: str = ""
    after: str = ""


_EDGE = r"(?:\b|_|\\[abfnrtv]|%[0-9A-Fa-f]{2}|\x1b\[[0-9;]*m)"
_BASE64 = r"[A-Za-z0-9+/]"
_COMMAND = _EDGE + r"""(?:docker|mysql\w*|redis-cli|sshpass)\b[^\n|;]{0,200}?\s-[ap][ =]?["']?"""
_CURL = _EDGE + r"""curl\b[^\n]{0,300}?\s(?:-u|--user)[ =]?["']?"""
_WORD = r"[A-Za-z0-9]"
_DASHED = r"[A-Za-z0-9_-]"

CLOUD = (
    Rule("aws-key-id", r"(?:AKIA|ASIA|AGPA|AROA|ABIA|ACCA)[0-9A-Z]{16,}"),
    Rule("aws-bedrock", rf"ABSK{_BASE64}{{60,}}={{0,2}}"),
    Rule("gcp-api-key", rf"AIza{_DASHED}{{35,}}"),
    Rule("gcp-client-secret", rf"GOCSPX-{_DASHED}{{20,}}"),
    Rule("gcp-access-token", r"ya29\.[A-Za-z0-9_.-]{20,}"),
    Rule("gcp-refresh-token", rf"1//0{_DASHED}{{40,}}"),
    Rule("azure-account-key", rf"{_BASE64}{{40,}}={{0,2}}", r"(?i:AccountKey|SharedAccessKey)="),
    Rule("azure-sas", rf"(?:{_BASE64}|%[0-9A-Fa-f]{{2}}){{40,}}={{0,2}}", r"[?&;]sig="),
    Rule("azure-client-secret", r"[A-Za-z0-9_~.-]{3}\dQ~[A-Za-z0-9_~.-]{31,}"),
    Rule("digitalocean", r"do[opr]_v1_[0-9a-f]{40,}"),
    Rule("heroku", rf"HRKU-{_DASHED}{{30,}}"),
    Rule("fly", rf"(?:fo1_{_DASHED}{{30,}}|fm[12][ar]?_(?:{_BASE64}|[=,_-]){{60,}})"),
    Rule("lambda-cloud", rf"secret_{_DASHED}{{1,80}}_[0-9a-f]{{32}}\.{_WORD}{{16,}}"),
    Rule("vercel", rf"vc[acikprt]_{_WORD}{{24,}}|vercel_blob_rw_[A-Za-z0-9_]{{20,}}"),
    Rule("netlify", rf"nfp_{_WORD}{{30,}}"),
    Rule("supabase", rf"sbp_(?:v0_)?[0-9a-f]{{40,}}|sb_secret_{_DASHED}{{20,}}"),
    Rule("planetscale", r"pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_.=-]{30,}"),
    Rule("neon", rf"napi_{_WORD}{{40,}}"),
    Rule("pulumi", r"pul-[0-9a-f]{40,}"),
    Rule("terraform-cloud", rf"{_WORD}{{14,}}\.atlasv1\.[A-Za-z0-9_=-]{{60,}}", _EDGE),
    Rule("vault", rf"hv[brs]\.{_DASHED}{{20,}}"),
    Rule("doppler", rf"dp\.(?:audit|ct|pt|sa|scim|st)\.(?:[a-z0-9_-]{{2,35}}\.)?{_WORD}{{40,}}"),
    Rule("onepassword", rf"ops_eyJ{_DASHED}{{60,}}={{0,2}}"),
    Rule("databricks", r"dapi[0-9a-f]{32,}(?:-\d)?"),
)

CODE_HOSTS = (
    Rule("github-fine-grained", r"github_pat_[A-Za-z0-9_]{22,}"),
    Rule("github", r"gh[oprsu]_[A-Za-z0-9_.-]{30,}"),
    Rule("gitlab", rf"gl(?:agent|cbt|dt|ffct|ft|imt|oas|pat|ptt|rt|soat)-{_DASHED}{{20,}}"),
    Rule("bitbucket", rf"ATBB{_WORD}{{28,}}"),
    Rule("atlassian", r"AT[AC]TT3[A-Za-z0-9_=-]{40,}"),
    Rule("npm", rf"npm_{_WORD}{{30,}}"),
    Rule("pypi", rf"pypi-AgE{_DASHED}{{40,}}"),
    Rule("rubygems", r"rubygems_[0-9a-f]{40,}"),
    Rule("crates-io", rf"cio{_WORD}{{32,}}", _EDGE),
    Rule("nuget", r"oy2[a-z0-9]{43,}", _EDGE),
    Rule("clojars", r"CLOJARS_[0-9a-f]{50,}"),
    Rule("docker-hub", rf"dckr_(?:oat|pat)_{_DASHED}{{20,}}"),
)

MODELS = (
    Rule("anthropic", rf"sk-ant-{_DASHED}{{20,}}"),
    Rule("openrouter", r"sk-or-(?:v\d-)?[0-9a-f]{40,}"),
    Rule("openai-project", rf"sk-(?:admin|None|proj|svcacct)-{_DASHED}{{20,}}"),
    Rule("openai", rf"sk-{_WORD}{{20,}}T3BlbkFJ{_WORD}{{16,}}"),
    Rule("openai-like", rf"sk-{_WORD}{{32,}}", _EDGE),
    Rule("langfuse", r"sk-lf-[0-9a-f-]{32,}"),
    Rule("huggingface", rf"(?:hf|api_org)_{_WORD}{{34,}}"),
    Rule("groq", rf"gsk_{_WORD}{{40,}}"),
    Rule("xai", rf"xai-{_WORD}{{60,}}"),
    Rule("replicate", rf"r8_{_WORD}{{36,}}"),
    Rule("perplexity", rf"pplx-{_WORD}{{40,}}"),
    Rule("nvidia", rf"nvapi-{_DASHED}{{40,}}"),
    Rule("fireworks", rf"fw_{_WORD}{{20,}}", _EDGE),
    Rule("cerebras", rf"csk-{_WORD}{{40,}}"),
    Rule("elevenlabs", r"sk_[0-9a-f]{48,}", _EDGE),
    Rule("langsmith", r"lsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10,}"),
    Rule("pinecone", r"pcsk_[A-Za-z0-9_]{40,}"),
    Rule("cursor", r"(?:key|crsr)_[0-9a-f]{64,}", _EDGE),
)

SERVICES = (
    Rule("orchestra-key", rf"orc_(?:{_WORD}+_){{0,3}}{_WORD}{{20,}}"),
    Rule("slack", r"xox[abceoprs]-[A-Za-z0-9.-]{10,}|xapp-\d-[A-Za-z0-9-]{20,}"),
    Rule("slack-webhook", r"[A-Za-z0-9+/]{20,}", r"hooks\.slack\.com/[a-z]+/"),
    Rule("discord-webhook", rf"{_DASHED}{{30,}}", r"(?i:discord(?:app)?\.com)/api/webhooks/\d+/"),
    Rule("discord-bot", rf"[MNO]{_DASHED}{{23,27}}\.{_DASHED}{{6}}\.{_DASHED}{{27,}}", _EDGE),
    Rule("telegram", rf"\d{{8,}}:AA{_DASHED}{{33,}}", _EDGE),
    Rule("stripe", rf"(?:rk|sk)_(?:live|prod|test)_{_WORD}{{10,}}"),
    Rule("webhook-secret", rf"whsec_{_BASE64}{{24,}}={{0,2}}"),
    Rule("twilio", r"SK[0-9a-f]{32,}"),
    Rule("sendgrid", rf"SG\.{_DASHED}{{16,}}\.{_DASHED}{{16,}}"),
    Rule("mailgun", r"key-[0-9a-f]{32,}", r"(?:^|[^0-9A-Za-z-]|\\[nrt]|%[0-9A-Fa-f]{2})"),
    Rule("mailchimp", r"[0-9a-f]{32,}-us\d{1,2}", _EDGE),
    Rule("resend", rf"re_{_WORD}{{6,10}}_{_WORD}{{20,}}", _EDGE),
    Rule("shopify", r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32,}"),
    Rule("square", rf"sq0(?:atp|csp)-{_DASHED}{{22,}}|EAAA{_DASHED}{{58,}}"),
    Rule("linear", rf"lin_(?:api|oauth)_{_WORD}{{32,}}"),
    Rule("notion", rf"ntn_{_WORD}{{40,}}|secret_{_WORD}{{43,}}"),
    Rule("figma", rf"figd_{_DASHED}{{30,}}"),
    Rule("airtable", rf"pat{_WORD}{{14}}\.[0-9a-f]{{64,}}"),
    Rule("postman", r"PMAK-[0-9a-f]{24}-[0-9a-f]{34,}"),
    Rule("grafana", rf"glsa_{_WORD}{{32}}_[0-9a-fA-F]{{8,}}|glc_eyJ{_BASE64}{{30,}}={{0,2}}"),
    Rule("new-relic", r"NRAK-[0-9A-Z]{27,}"),
    Rule("sentry", r"sntry[su]_[A-Za-z0-9+/=_-]{40,}"),
    Rule("posthog", rf"ph[sx]_{_WORD}{{36,}}"),
)

MORE_SERVICES = (
    Rule("tailscale", rf"tskey-[a-z]+-{_DASHED}{{20,}}"),
    Rule("contentful", rf"CFPAT-{_DASHED}{{40,}}"),
    Rule("dynatrace", r"dt0[a-z]\d\d\.[A-Z0-9]{24}\.[A-Z0-9]{60,}"),
    Rule("duffel", rf"duffel_(?:live|test)_{_DASHED}{{40,}}"),
    Rule("easypost", rf"EZ[AT]K{_WORD}{{54,}}"),
    Rule("hubspot", r"pat-(?:ap|eu|na)\d-[0-9a-f-]{36,}"),
    Rule("mapbox", rf"[st]k\.eyJ{_DASHED}{{40,}}\.{_DASHED}{{20,}}"),
    Rule("brevo", r"xkeysib-[0-9a-f]{60,}-[A-Za-z0-9]{16,}"),
    Rule("buildkite", rf"bk[au]a_{_WORD}{{36,}}"),
    Rule("circleci", rf"CCIP(?:AT|RJ)_{_WORD}{{16,}}_[0-9a-f]{{40,}}"),
    Rule("jfrog", rf"AKCp{_WORD}{{60,}}"),
    Rule("sourcegraph", r"sgp_(?:[0-9A-Za-z]{16}_|local_)?[0-9a-f]{40,}"),
    Rule("dropbox", rf"sl\.(?:u\.)?{_DASHED}{{100,}}", _EDGE),
    Rule("flutterwave", r"FLWSECK(?:_TEST|_LIVE)?-[0-9A-Za-z]{12,}-X"),
    Rule("prefect", rf"pn[ub]_{_WORD}{{36,}}"),
    Rule("shippo", r"shippo_(?:live|test)_[0-9a-f]{40,}"),
    Rule("typeform", rf"tfp_{_DASHED}{{40,}}"),
    Rule("search-for-models", rf"(?:tvly-(?:dev-)?|fc-|jina_|e2b_){_WORD}{{32,}}", _EDGE),
)

DOCUMENTS = (
    Rule(
        "private-key",
        r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
        r"(?:(?s:.{40,}?)-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
        r"|(?:(?:\\+[nr]|\s)*[A-Za-z0-9+/=]{40,})+)",
    ),
    Rule("putty-key", r"(?:\s*[A-Za-z0-9+/=]{40,})+", r"Private-Lines: \d+"),
    Rule("age-key", r"AGE-SECRET-KEY-1[0-9A-Z]{50,}"),
    Rule("jwt", rf"eyJ{_DASHED}{{8,}}(?:\.{_DASHED}*){{2,4}}"),
)

TRANSPORT = (
    Rule(
        "url-credentials",
        r"""[^\s/:@"'<>`]*:(?:[^\s/"'<>`]+|[^\s"'<>`@0-9][^\s"'<>`@]{0,100})""",
        r"[A-Za-z0-9+.-]:(?:\\?/){2}",
        "@",
    ),
    Rule("url-token", rf"{_DASHED}{{20,}}", r"(?i:https?):(?:\\?/){2}", "@"),
    Rule(
        "authorization",
        r"""[^\s"'\\,;<>`]{6,}""",
        r"""(?i:authorization)\\*["']?\s*[:=]\s*\\*["']?(?i:(?:basic|bearer|digest|token|"""
        r"""apikey|api-key|key|negotiate)\s+)?""",
    ),
    Rule("bearer", r"[A-Za-z0-9_.~+/=-]{16,}", r"(?i:\bbearer)(?:\s+|%20)"),
    Rule("basic", rf"{_BASE64}{{12,}}={{0,2}}", r"(?i:\bbasic)\s+"),
    Rule(
        "cookie",
        r"""[A-Za-z0-9_.$!%^*+|~-]+=[^\r\n"'`\\]+""",
        _EDGE + r"""(?i:(?:set-)?cookie2?)\\*["']?\s*[:=]\s*\\*["']?""",
    ),
    Rule("netrc", r"\S+", _EDGE + r"machine\s+\S+\s+login\s+\S+\s+password\s+"),
    Rule("curl-user", r"""[^\s:"']+:[^\s"']+""", _CURL),
    Rule("command-password", r"""[^\s"'/-][^\s"'/]{5,}""", _COMMAND),
    Rule("docker-auth", rf"{_BASE64}{{16,}}={{0,2}}", r'\\*"auth\\*"\s*:\s*\\*"'),
)

RULES = CLOUD + CODE_HOSTS + MODELS + SERVICES + MORE_SERVICES + DOCUMENTS + TRANSPORT
"""All rules by shape; where several match at one place, the first wins."""

KEY_NAME = (
    r"(?:pass(?:word|wd|phrase|code)|[_-]pass|pwd|secret|token|credentials?"
    r"|(?:access|account|api|auth|encryption|license|master|private|secret|service|shared|signing"
    r"|webhook)[_.-]?key)"
    r"(?:[_-]?(?:base|dev|live|plain|prod|production|staging|text|value|v?\d{1,2}))?"
)
"""What the name of a setting ends with when its value is a secret."""

ASSIGNMENT = (
    rf"(?i:{KEY_NAME})"
    r"""(?:\\*["'`])?\]?(?:[ \t]*\)?[ \t]*(?:=>|:=|\?=|==?|:|%3[Aa]|%3[Dd])[ \t]*|[ \t]+(?:is|to)[ \t]+"""
    r"""|\\*["']\s*,\s*|(?:\\*["'])?\s+value\s*=\s*|</?[a-z]*>|>)"""
)
"""A setting's name with its separator; the value begins where the match ends."""

OPTION = (
    rf"(?i:--(?:[a-z0-9]+[_-])*|\b(?:arg|env|setx?|put)[ \t]+(?:--[a-z]+[ \t]+)*[a-z0-9_.:-]*)"
    rf"(?i:{KEY_NAME})[ \t]+|(?i:pass(?:word|wd|phrase))[ \t]+"
)
"""The same as words of a command: `--password value`, `config set password value`."""
