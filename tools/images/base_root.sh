#!/bin/sh
# mmdebstrap's hook for tools/images/base.py: of the extracted packages in $1, leave what a service needs to run.
set -eu
cd "$1"

# Who may be asked for by number; no one has a shell.
cat > etc/passwd <<'END'
root:x:0:0:root:/root:/sbin/nologin
routeiq:x:10001:10001:RouteIQ:/tmp:/sbin/nologin
postgres:x:999:999:PostgreSQL:/tmp:/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin
END
cat > etc/group <<'END'
root:x:0:
tty:x:5:
postgres:x:999:
routeiq:x:10001:
nogroup:x:65534:
END
echo 'hosts: files dns' > etc/nsswitch.conf

# What the packages' own scripts would have made, which do not run here.
cat usr/share/ca-certificates/mozilla/*.crt > etc/ssl/certs/ca-certificates.crt
ln -s python3.11 usr/bin/python3
chroot . python3 -m compileall -q --invalidation-mode unchecked-hash usr/lib/python3.11 || test $? -eq 1

# Debian's record of each package, where scanners look for it in an image without dpkg; not of those that go.
mkdir -p var/lib/dpkg/status.d
for file in var/cache/apt/archives/*.deb; do
    name=$(dpkg-deb --field "$file" Package)
    case $name in
        debconf | dpkg | mawk | openssl | perl-base | tar) ;;
        *) dpkg-deb --field "$file" > "var/lib/dpkg/status.d/$name" ;;
    esac
done

# Programs that only installing needs.
find bin sbin usr/bin usr/sbin -mindepth 1 ! -name 'python3*' ! -type d -delete
rm -rf etc/cron* etc/dpkg etc/logrotate.d lib/systemd usr/lib/dpkg usr/libexec/dpkg usr/share/bug usr/share/debconf \
    usr/share/dpkg usr/share/perl* usr/share/polkit-1 var/cache/* var/lib/apt var/lib/dpkg/alternatives \
    var/lib/dpkg/arch var/lib/dpkg/info var/lib/dpkg/parts var/lib/dpkg/triggers var/lib/dpkg/updates
