"""Addresses that somebody might try, and some that look odd but are fine."""

HOSTILE: list[str] = [
    # schemes
    "", "example.com", "//example.com/", "/etc/passwd", "file:///etc/passwd", "ftp://example.com/",
    "gopher://example.com:25/_MAIL", "data:text/html,x", "javascript:alert(1)", "http:example.com",
    "http:/example.com", "http:///example.com", "http://", "https://?x", "http://#", "jar:http://a/!",
    "http\u017f://example.com/", "unix:///run/docker.sock", "dict://127.0.0.1:11211/stat",
    # private and special literals
    "http://127.0.0.1/", "http://127.255.255.254:8000/", "http://0.0.0.0/", "http://10.0.0.1/",
    "http://172.16.0.1/", "http://192.168.1.1/", "http://100.64.0.1/", "http://169.254.1.1/",
    "http://198.18.0.1/", "http://224.0.0.251/", "http://255.255.255.255/", "http://240.0.0.1/",
    "http://[::1]/", "http://[::]/", "http://[0:0:0:0:0:0:0:1]/", "http://[fe80::1]/",
    "http://[fc00::1]/", "http://[ff02::1]/", "http://[2001:db8::1]/",
    # metadata services
    "http://169.254.169.254/latest/meta-data/", "http://100.100.100.200/", "http://192.0.0.192/",
    "http://168.63.129.16/", "http://[fd00:ec2::254]/", "http://metadata.google.internal/",
    # addresses inside addresses
    "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/", "http://[::127.0.0.1]/",
    "http://[64:ff9b::7f00:1]/", "http://[64:ff9b::a9fe:a9fe]/", "http://[64:ff9b:1::a00:1]/",
    "http://[2002:7f00:1::]/", "http://[2002:a9fe:a9fe::1]/", "http://[::ffff:0:127.0.0.1]/",
    "http://[2001:0:808:808:0:0:80ff:fffe]/", "http://[2001:0:7f00:1::f7f7:f7f7]/",
    # old ways to write IPv4
    "http://2130706433/", "http://0x7f000001/", "http://017700000001/", "http://0x7f.1/",
    "http://0177.0.0.1/", "http://127.1/", "http://127.0.1/", "http://127.0.0.01/", "http://0/",
    "http://0x/", "http://1.2.3.4.5/", "http://256.256.256.256/", "http://4294967297/",
    "http://8.8.8.8.8/", "http://0x8.8.8.8/", "http://a.127/",
    # names of this machine and its network
    "http://localhost/", "http://LOCALHOST:8000/", "http://x.localhost/", "http://printer.local/",
    "http://db.internal/", "http://nas.home.arpa/",
    # trailing and doubled dots
    "http://localhost./", "http://127.0.0.1./", "http://example.com./", "http://.example.com/",
    "http://example..com/", "http://./", "http://10.0.0.1../",
    # who is the host?
    "http://user@example.com/", "http://user:pass@example.com/", "http://example.com@127.0.0.1/",
    "http://127.0.0.1:80@example.com/", "http://@example.com/", "http://example.com:@127.0.0.1/",
    "http://example.com\\@127.0.0.1/", "http://127.0.0.1\\.example.com/", "http:\\\\127.0.0.1\\",
    "http://example.com/\\..\\", "http://[::1].example.com/", "http://example.com[::1]/",
    "http://[::1", "http://::1/", "http://[::1%25lo]/", "http://[fe80::1%eth0]/", "http://[v1.x]/",
    "http://[example.com]/", "http://[]/", "http://%31%32%37.0.0.1/", "http://exa%6dple.com/",
    "http://example.com%2f@127.0.0.1/", "http://example.com,127.0.0.1/", "http://a;b.example/",
    "http://-a.example/", "http://a-.example/", f"http://{'a' * 64}.example/",
    f"http://{'a.' * 130}example/", "http://*.example.com/", "http://example.com|ls/",
    # signs that stand for others
    "http://127。0。0。1/", "http://\uff11\uff12\uff17.0.0.1/", "http://①②⑦.⓪.⓪.①/", "http://\uff4cocalhost/",
    "http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/", "http://example。com/", "http://example.com\uff0f@127.0.0.1/",
    "http://local\u00adhost/", "http://local\u200bhost/", "http://exam\u202eple.com/", "http://℀.example/",
    "http://\u017ftorage.example/", "http://\u212aelvin.example/",
    # blanks and control characters
    " http://example.com/", "http://example.com/ ", "http://example.com /", "http://exam\tple.com/",
    "http://exam\nple.com/", "http://example.com/\r\nHost: x", "http://example.com/\x00",
    "http://example.com/a b", "http://example.com/\u2028", "\x00http://example.com/",
    "http://example.com/\x7f", "http://example.com/\ud800", "http://example.com\u00a0/",
    # ports
    "http://example.com:0/", "http://example.com:65536/", "http://example.com:99999/", "http://a.example:/",
    "http://example.com:-1/", "http://example.com:80:80/", "http://example.com:\uff10/", "http://example.com:8x/",
    "http://example.com:000080/",
    # too long
    f"http://example.com/{'a' * 2000}",
]  # fmt: skip

PLAIN: list[tuple[str, str, int]] = [
    ("http://example.com", "example.com", 80),
    ("https://example.com/", "example.com", 443),
    ("HTTPS://EXAMPLE.COM:8443/A?b=c#d", "example.com", 8443),
    ("http://example.com?x=http://127.0.0.1/", "example.com", 80),
    ("http://example.com/@127.0.0.1:80/", "example.com", 80),
    ("http://example.com#@127.0.0.1/", "example.com", 80),
    ("http://127.0.0.1.example.com/", "127.0.0.1.example.com", 80),
    ("http://localhost.example.com/", "localhost.example.com", 80),
    ("http://8.8.8.8:65535/", "8.8.8.8", 65535),
    ("http://[2606:4700:4700::1111]/", "2606:4700:4700::1111", 80),
    ("http://[::ffff:8.8.8.8]/", "::ffff:808:808", 80),
    ("http://my_bucket.s3.example/", "my_bucket.s3.example", 80),
    ("http://xn--wcsw84d.example/", "xn--wcsw84d.example", 80),
    ("http://bücher.example/", "xn--bcher-kva.example", 80),
    ("http://receiver/hook", "receiver", 80),  # its addresses will tell
    (f"http://example.com/{'a' * 1981}", "example.com", 80),
]
