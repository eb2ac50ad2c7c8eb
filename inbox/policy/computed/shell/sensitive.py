"""Files and variables that hold secrets, by their usual names."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase as fnmatch
from typing import Final

from inbox.policy.naming import lexicon

_FILE: Final = re.compile(
    r"""(?ix)
    (?:^|[/\\=:@\s"'])(?:
        \.env(?:\.[\w.-]+)?(?![\w-]) | \.netrc | _netrc | \.pgpass | \.my\.cnf | \.npmrc | \.pypirc
      | \.git-credentials | \.htpasswd | \.vault[\w-]* | \.s3cfg | \.boto | \.terraformrc | \.authinfo
      | \.(?:ba|z|fi|k|c|tc)?sh_history | \.(?:mysql|psql|sqlite|python|node_repl|lesshst)_?(?:history)?(?![\w.])
      | id_(?:rsa|dsa|ecdsa|ed25519)\b | authorized_keys | known_hosts
      | master\.key | \.?secrets?(?:[._-][\w.-]*)?(?:/|$|\.) | credentials?(?:\.\w+)?(?:$|/|\s) | shadow-?(?:$|\s)
    )
    | \.(?:ssh|aws|azure|gnupg|kube|docker|password-store|gcloud|mozilla|thunderbird|electrum|bitcoin|ethereum)(?:/|$)
    | \.config/(?:gcloud|gh|hub|op|1password|google-chrome|chromium|rclone)
    | (?:Library/Keychains | Application\ Support/(?:Google|Firefox) | AppData/(?:Roaming|Local))
    | /etc/(?:passwd|shadow|gshadow|sudoers|ssl/private|ssh|krb5\.keytab|wireguard|openvpn|kubernetes|machine-id)
    | /proc/(?:\d+|self|thread-self|\*|\$)[^\s]*/(?:environ|mem|maps|fd|cmdline) | /proc/kcore | /dev/(?:mem|kmem|sd|nvme|disk|tcp|udp)
    | /var/run/(?:secrets|docker\.sock) | /run/secrets | /root(?:/|$)
    | (?:^|[/\s])(?:passwords?|passwd|wallet|service[_-]account[\w-]*|cookies)\.(?:txt|json|dat|csv|sqlite)\b | \.envrc\b | \w\.env(?:$|[\s\"']) | \.tfstate\b
    | \.(?:pem|key|p12|pfx|jks|keystore|kdbx|ppk|ovpn|asc|gpg|wallet)(?![\w-]) | (?<![\w.-])\w*private[_-]?key\w*
    | (?:^|[/\s._-])(?:passwords|credentials?|secrets?|api[_-]?keys?|tokens?|seed[_-]?phrase)
      (?:[._-][\w.-]*)?(?:$|[\s"'])
    """
)
_VARIABLE: Final = re.compile(
    r"(?i)(?:^|_)(?:key|keys|apikey|token|tokens|secret|secrets|pass|passwd|password|pwd|cred|creds|credential|credentials"
    r"|auth|cookie|session|private|dsn|salt|signature|webhook)(?:_|\d|$)|database_url|redis_url|mongo\w*_ur[il]|connection_string"
)
# The words of a search that look for what opens other doors.
_HUNTED: Final = re.compile(
    r"(?i)\b(?:passwords?|passcodes?|credentials?|api[ _-]?keys?|secret[ _-]?keys?|private[ _-]?keys?|access[ _-]?tokens?|ssn|social security|credit card"
    r"|cvv|2fa|otp|one[- ]time|verification code|security code|auth(?:entication)? code|reset (?:link|code)|seed phrase|routing number)\b"
)
# Beside those, what files are searched for: `passwd`, `DB_PASSWORD`, the beginnings of keys. `reset_password` is code.
_HUNTED_IN_FILES: Final = re.compile(
    r"(?i:\b(?:passw(?:or)?ds?|secrets?|begin [\w. ]*private key)\b)|\bAKIA|\bgh[po]_"
    r"|\b[A-Z0-9_]*(?:PASSWORD|PASSWD|SECRET|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|(?:ACCESS|API|AUTH|BOT|REFRESH)_?TOKEN)[A-Z0-9_]*\b"
)
# `api[_-]?key`, `api.key`: what a pattern lets stand between two words.
_ANYTHING_BETWEEN: Final = re.compile(r"\[[ _.-]{1,4}\][?*+]?|\\s[?*+]?|\.[?*+]?")
# Names everybody's environment has, with nothing secret in them.
ORDINARY_VARIABLES: Final = lexicon(
    "HOME PATH PWD OLDPWD USER LOGNAME SHELL TMPDIR HOSTNAME LANG LC_ALL TERM EDITOR UID EUID RANDOM SECONDS IFS"
    " BASH_VERSION OSTYPE MACHTYPE HOSTTYPE SHLVL LINENO PPID COLUMNS LINES XDG_CONFIG_HOME XDG_DATA_HOME"
)


# What a pattern might stand for.
_NAMES: Final = lexicon(
    ".env .netrc .pgpass .npmrc .pypirc .git-credentials .bash_history .zsh_history .ssh .aws .gnupg .kube .docker id_rsa id_ed25519"
    " id_ecdsa credentials environ passwd shadow sudoers"
)
_BRACES: Final = re.compile(r"\{([^{},]*(?:,[^{},]*)+)\}")


def secret_pattern(text: str) -> bool:
    """Whether a shell pattern such as `.en*`, `/etc/{hosts,shadow}` or `~/.s*/id_*` may stand for such a file."""
    if len(text) > 200 or not re.search(r"[*?\[{]", text):
        return False
    texts = [text]
    if (braces := _BRACES.search(text)) is not None:
        texts = [text[: braces.start()] + one + text[braces.end() :] for one in braces.group(1).split(",")]
    return any(
        secret_file(one)
        or any(
            re.search(r"[^*?.\[\]]", part) and fnmatch(name, part)
            for part in one.split("/")
            if re.search(r"[*?\[]", part)
            for name in _NAMES
        )
        for one in texts
    )


def secret_file(text: str) -> bool:
    """Whether a word names a file, or a place of files, where secrets usually lie."""
    return bool(_FILE.search(text[:4_000]))


def hunts(text: str) -> bool:
    """Whether a search for these words looks for passwords, keys or codes."""
    return bool(_HUNTED.search(text[:500]))


def hunts_in_files(text: str) -> bool:
    """Whether a pattern looked for in files, or in their names, is after such: `password`, `DB_PASSWORD`, `AKIA`."""
    plain = _ANYTHING_BETWEEN.sub("_", text[:500])
    return hunts(plain) or bool(_HUNTED_IN_FILES.search(plain))


def secret_variable(name: str) -> bool:
    """Whether an environment variable of this name usually holds a secret."""
    return name not in ORDINARY_VARIABLES and bool(_VARIABLE.search(name))
