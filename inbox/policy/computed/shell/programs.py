"""What common programs do, as data: the first table that holds a name speaks for it.

A program in no table is unknown, and unknown asks. Programs that read but have an option that writes or runs
something stand in `OPTIONS_THAT_ACT`; those whose arguments are a language of their own, or another command,
have a reader each in `arguments`.
"""

from __future__ import annotations

import re
from typing import Final

from inbox.policy.naming import lexicon

# Whatever their options, they print and change nothing.
READERS: Final = lexicon("""
[ [[ : apropos arch b2sum base32 base64 basename bzcat cal cat cd cksum cmp colrm column comm continue break cut dir dirname dirs df diff diff3 du echo egrep exit expand expr factor false fgrep fmt fold free
getconf getopts goto grep groups head hexdump hostid id join last lastlog locale ls lsattr
lsb_release lsblk lscpu lsmod lsof lspci lsusb look md5 md5sum mdfind nl nproc numfmt od paste pathchk pgrep
pinky popd pr printf pstree pushd pwd quota read readelf readlink realpath return rev runlevel scroll_down scroll_up seq set sha1sum
sha224sum sha256sum sha384sum sha512sum shasum shift shopt size sleep nm objdump stat strings sum sw_vers tac tail
test times tr true tsort tty type ulimit uname unexpand uptime users vdir vmstat w wait wc whatis whereis
which who whoami xzcat zcat zcmp zdiff zegrep zfgrep zgrep
""")  # fmt: skip

# Readers with options that write a file or run a program: those options, short letters and long names.
OPTIONS_THAT_ACT: Final[dict[str, tuple[str, frozenset[str]]]] = {
    "ag": ("", frozenset({"pager"})),
    "compgen": ("CFW", frozenset()),
    "date": ("s", frozenset({"set"})),
    "file": ("C", frozenset({"compile"})),
    "hostname": ("Fb", frozenset({"file", "boot"})),
    "jobs": ("x", frozenset()),
    "less": ("oOkK", frozenset({"log-file", "lesskey-file", "lesskey-src", "lesskey-content"})),
    "man": ("CHPT", frozenset({"config-file", "html", "pager", "troff-device", "gxditview"})),
    "more": ("", frozenset()),
    "rg": ("z", frozenset({"pre", "hostname-bin", "search-zip"})),
    "sort": ("oT", frozenset({"output", "compress-program", "temporary-directory"})),
    "tree": ("oR", frozenset({"output"})),
    "uniq": ("", frozenset()),
    "xxd": ("r", frozenset({"revert"})),
    "yq": ("i", frozenset({"inplace", "in-place"})),
}
# Their second plain argument is a file they write.
SECOND_ARGUMENT_IS_OUTPUT: Final = frozenset({"uniq", "xxd"})
# `less +!id` runs a command.
PLUS_ACTS: Final = frozenset({"less", "more"})

# Readers by their first plain argument: package managers, services, containers.
READING_SUBCOMMANDS: Final[dict[str, frozenset[str]]] = {
    "apt": lexicon("list show search policy depends rdepends"),
    "apt-cache": lexicon("depends dump pkgnames policy rdepends search show showpkg stats"),
    "brew": lexicon("info list search deps leaves outdated"),
    "cargo": lexicon("tree metadata search"),
    "dnf": lexicon("info list search repoquery"),
    "docker": lexicon("images info logs port ps stats top version"),
    "dpkg-query": frozenset(),
    "gem": lexicon("list search environment"),
    "helm": lexicon("list status history search"),
    "ip": frozenset(),
    "kubectl": lexicon("api-resources api-versions cluster-info describe explain get logs top version"),
    "launchctl": lexicon("list print"),
    "npm": lexicon("ls list outdated view"),
    "pip": lexicon("check freeze list show"),
    "pip3": lexicon("check freeze list show"),
    "snap": lexicon("find info list"),
    "systemctl": lexicon("is-active is-enabled is-failed list-timers list-unit-files list-units show status"),
    "terraform": lexicon("validate version"),
    "yum": lexicon("info list search"),
}  # fmt: skip
# A reading subcommand prints secrets when it is asked about one of these nouns, `sealedsecrets.v1` too.
SECRET_NOUNS: Final = lexicon("secret configmap")
# Options of theirs that write, or name what is run, spoken with or taken for the settings.
ACTING_LONG_OPTION: Final = re.compile(
    r"--(?:cache|cache-dir|config|config-file|filename|globalconfig|index-url|extra-index-url|kubeconfig|log|log-file|option|prefix"
    r"|proxy|raw|registry|script-shell|server|userconfig)(?:=|$)"
)
# Short ones whose meaning is another elsewhere.
ACTING_SHORT_OPTIONS: Final = {"apt": ("-o", "-c"), "apt-cache": ("-o", "-c"), "kubectl": ("-f", "-s")}

# What they are given says what is looked for.
SEARCHERS: Final = lexicon(
    "ack ag awk egrep fgrep find gawk git grep locate mdfind rg sed zegrep zfgrep zgrep"
)

DESTROYERS: Final = lexicon("""
blkdiscard dd deluser dropdb dropuser fdisk gdisk groupdel halt kill killall mkfs mkswap parted pkill poweroff
reboot rm rmdir shred shutdown srm swapoff truncate umount unlink userdel wipefs zpool
""")  # fmt: skip

WRITERS: Final = lexicon("""
add-apt-repository adduser apt-get apt-key at atrm aptitude autossh batch bunzip2 bzip2 chattr chcon chfn chgrp
chmod chown chpasswd chsh cmake compress cp cpio crontab createdb createuser csplit defaults dos2unix dpkg ed
emacs ex fallocate gpg groupadd groupmod gunzip gzip install iptables ln logger losetup lvcreate mkdir mkfifo
mknod mktemp modprobe mount mv nano netplan nft ntpdate patch passwd pico rename restorecon rpm rsync scp sed
service setfacl split sponge ssh-keygen sysctl tar tee touch tune2fs ufw unix2dos unzip update-alternatives
useradd usermod vi vim visudo xz zip zstd
""")  # fmt: skip

NETWORKERS: Final = lexicon("""
aria2c aws az bore cloudflared curl dig ftp gcloud gh gsutil heroku hg host http https ip-lookup lftp lynx mail
mailx mosquitto_pub mutt mysql nc ncat netcat ngrok nmap nslookup ping psql rclone redis-cli rsh s3cmd scp
sendmail sftp smbclient socat ssh svn telnet traceroute twine wget whois xdg-open
""")  # fmt: skip

PRIVILEGED: Final = lexicon("chroot doas nsenter pkexec runuser su sudo unshare")

# They run code this analysis does not read.
CODE_RUNNERS: Final = lexicon("""
. ansible ansible-playbook awk-script bun bundle cargo clang coproc csc deno dotnet erl eval exec expect fish g++
gcc gdb go gradle guile java javac jshell julia just ksh lua luajit make mix mvn ninja node nodejs npx nohup-script
octave osascript perl php pipx pnpm podman poetry powershell pwsh py.test pytest python python2 python3 R rake
Rscript ruby runghc rustc sbt scala screen script source sqlite3 strace swift tclsh tmux tox trap tsx ts-node uv
uvx valgrind vagrant watch yarn zsh-script
""")  # fmt: skip

# The shells whose `-c` text is read as another command line.
SHELLS: Final = frozenset({"ash", "bash", "dash", "sh", "zsh"})
