"""Who is who: mailmaps and trailers as git reads them, guesses that say why, and e-mails that stay inside."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from repositories import git
from test_history_index import assert_same

from xrserver.history.identity import Identity, Mailmap, display_name
from xrserver.history.index import HistoryIndex
from xrserver.history.log import read_index
from xrserver.history.people import same_people
from xrserver.history.repository import Repository
from xrserver.history.trailers import co_authors

EVERY_FORM = b"""\
# A comment, and then every form that git knows
Proper Name <commit@one.org>
<proper@two.org> <commit@two.org>
Proper Three <proper@three.org> <commit@three.org>
Proper Four <proper@four.org> Commit Four <shared@four.org>
Proper Five <proper@five.org> commit five <SHARED@four.org>
<only-mail@six.org> Commit Six <shared@six.org>
Plain Six <shared@six.org>
  Blanks Around\t <BLANKS@Seven.org>  \r
No Address
Not Closed <open@eight.org
<> <empty@nine.org>
Empty Commit <proper@ten.org> <>
Named Empty <proper@eleven.org> Somebody <>
Later Wins <twice@twelve.org>
Latest Wins <twice@twelve.org>
<moved@twelve.org> <twice@twelve.org>
Inner #hash <hash@thirteen.org> # a comment that is none
Three <a@fourteen.org> Old <b@fourteen.org> Older <c@fourteen.org>
Gr\xc3\xbcn <latin@fifteen.org>
Chain <end@sixteen.org> <middle@sixteen.org>
Chain Middle <middle@sixteen.org> <begin@sixteen.org>
<nobody@seventeen.org>
"""
IDENTITIES = [
    "Commit One <commit@one.org>", "Commit One <COMMIT@One.ORG>", "Commit Two <commit@two.org>",
    "Commit Three <commit@three.org>", "Commit Four <shared@four.org>", "COMMIT FIVE <shared@four.org>",
    "Other <shared@four.org>", "Commit Six <shared@six.org>", "Someone <shared@six.org>",
    "B <blanks@seven.org>", "E <open@eight.org>", "N <empty@nine.org>", "T <>", "Somebody <>",
    "Twelve <twice@twelve.org>",
    "H <hash@thirteen.org>", "Old <b@fourteen.org>", "Older <c@fourteen.org>", "Y <a@fourteen.org>",
    "Grün <latin@fifteen.org>", "G <begin@sixteen.org>", "G <middle@sixteen.org>",
    "Nobody <nobody@seventeen.org>", "Unmapped <unmapped@x>", "Proper Name <commit@one.org>"]


def repository(folder: Path, mailmap: bytes | None, commits: list[tuple[str | bytes, str | bytes]],
               encoding: str = "") -> Path:
    """Make a repository whose commits have these (author, message)."""
    git(folder.parent, "init", "-q", "-b", "main", "--bare", str(folder))
    stream: list[bytes] = []
    for number, (author, message) in enumerate(commits):
        who = author.encode() if isinstance(author, str) else author
        text = message.encode() if isinstance(message, str) else message
        header = b"encoding %s\n" % encoding.encode() if encoding else b""
        stream.append(b"commit refs/heads/main\nauthor %s %d +0000\ncommitter C <c@x> %d +0000\n"
                      b"%sdata %d\n%s\n" % (who, 10**9 + number, 10**9 + number, header, len(text), text))
    if mailmap is not None:
        stream.append(b"M 100644 inline .mailmap\ndata %d\n%s\n" % (len(mailmap), mailmap))
    git(folder, "fast-import", "--quiet", "--force", given=b"".join(stream))
    return folder


def read(folder: Path, people: str = "mailmap") -> HistoryIndex:
    with Repository.open(folder) as opened:
        return read_index(opened, people=people)


def people_of(index: HistoryIndex) -> Counter[bytes]:
    """What `git shortlog -se` prints."""
    names = [b"%s <%s>" % pair for pair in zip(index.person_names, index.person_emails, strict=True)]
    counts = np.bincount(index.author, minlength=len(names)).tolist()
    return Counter({name: count for name, count in zip(names, counts, strict=True) if count})


def shortlog(folder: Path, *arguments: str) -> Counter[bytes]:
    printed = git(folder, "-c", "mailmap.blob=HEAD:.mailmap", "shortlog", "-se", *arguments, "HEAD")
    lines = (line.strip(b" ").partition(b"\t") for line in printed.split(b"\n") if line)
    return Counter({name: int(count) for count, _, name in lines})


def test_every_form_of_a_mailmap_groups_as_git_shortlog_does(tmp_path: Path) -> None:
    folder = repository(tmp_path / "r.git", EVERY_FORM, [(who, "x") for who in IDENTITIES])
    ours = people_of(read(folder))
    assert ours == shortlog(folder)
    assert b"Proper Five <proper@five.org>" in ours and len(ours) < len(set(IDENTITIES))


def test_mailmaps_of_random_lines_group_as_git_shortlog_does(tmp_path: Path) -> None:
    rng = random.Random(5)
    names = ["", "A", "a", "B b", " ", "C\t", "#d", "Ä"]
    mails = ["<a@x>", "<A@X>", "<b@y>", "<>", "< c >", "<c", "d>", "<<e>>", "<a@x> <b@y>", "<b@y>B b<a@x>"]
    whose = ["A <a@x>", "a <A@x>", "B b <b@y>", "C < c >", "<e>", "Ä <a@x>", "D <>", "A <b@y>", "E <e>",
             "E <<e>"]
    for number in range(25):
        lines = ["".join(rng.choice(choice) for choice in rng.choice(
            [(names, mails), (names, mails, names, mails), (names, mails, [" "], mails)]))
            for _ in range(rng.randrange(1, 9))]
        text = rng.choice(["\n", "\r\n"]).join(lines).encode() + rng.choice([b"", b"\n", b"\0\nZ <a@x>\n"])
        mailmap = Mailmap(text)
        asked = "".join(f"{who}\n" for who in whose).encode()
        blob = tmp_path / "mailmap"
        blob.write_bytes(text.partition(b"\0")[0])
        if number == 0:
            git(tmp_path, "init", "-q", "--bare", "any.git")
        printed = git(tmp_path / "any.git", "-c", f"mailmap.file={blob}", "check-mailmap", "--stdin",
                      given=asked)
        for who, theirs in zip(whose, printed.decode().splitlines(), strict=True):
            name, _, email = who.partition("<")
            ours = mailmap.map(Identity(name.rstrip().encode(), email[:email.index(">")].encode()))
            assert f"{ours.name.decode()} <{ours.email.decode()}>".lstrip() == theirs, (text, who)


def test_without_a_mailmap_or_with_people_none_every_identity_is_a_person(tmp_path: Path) -> None:
    commits = [(who, "x") for who in IDENTITIES]
    bare = repository(tmp_path / "bare.git", None, commits)
    mapped = repository(tmp_path / "mapped.git", EVERY_FORM, commits)
    git(mapped, "update-ref", "refs/heads/other", "main")
    for index in (read(bare), read(mapped, "none")):
        assert people_of(index) == shortlog(bare)
        assert index.person_names == index.identity_names


def test_the_mailmap_is_that_of_the_mainlines_tip_and_a_plain_file(tmp_path: Path) -> None:
    folder = repository(tmp_path / "r.git", b"Old <a@x>\n", [("A <a@x>", "x")])
    assert b"Old <a@x>" in people_of(read(folder))
    story = (b"commit refs/heads/main\ncommitter A <a@x> 1000000009 +0000\ndata 0\nfrom refs/heads/main^0\n"
             b"M %s inline .mailmap\ndata 10\nNew <a@x>\n\n")
    git(folder, "fast-import", "--quiet", given=story % b"100644")
    assert people_of(read(folder)) == {b"New <a@x>": 2} == shortlog(folder)
    git(folder, "fast-import", "--quiet", given=story % b"120000")
    assert people_of(read(folder)) == {b"A <a@x>": 3}


def test_names_in_other_encodings_are_those_that_git_shows(tmp_path: Path,
                                                           monkeypatch: pytest.MonkeyPatch) -> None:
    latin = [("Jürgen <j@x>".encode("latin-1"), "Zoë\n\nCo-authored-by: Åse <å@x>\n".encode("latin-1"))]
    folder = repository(tmp_path / "r.git", "Jürgen Groß <j@x> Jürgen <j@x>\n".encode(), latin, "ISO-8859-1")
    # Not valid in what they say, of an encoding that nobody knows, and of one where ASCII is another thing.
    broken = ["JÜ <j@y>".encode("latin-1"), b"J\xdc <j@y>", b"J <j@y>"]
    for who, encoding in zip(broken, ("UTF-8", "no-such", "UTF-16"), strict=True):
        git(folder, "fast-import", "--quiet", given=b"commit refs/heads/main\nauthor %s 1000000001 +0000\n"
            b"committer A <a@x> 1000000001 +0000\nencoding %s\ndata 2\nx\nfrom refs/heads/main^0\n" % (
                who, encoding.encode()))
    index = read(folder)
    names = [index.person_names[person] for person in index.author.tolist()]
    assert names == ["Jürgen Groß".encode(), b"J\xdc", b"J\xdc", b"J"]
    assert [index.person_emails[person] for person in index.coauthors.tolist()] == ["å@x".encode()]
    git(folder, "update-ref", "refs/heads/main", "main~1")  # git makes nonsense of the last
    assert people_of(read(folder)) == shortlog(folder)
    git(folder, "update-ref", "refs/heads/main", git(folder, "rev-list", "--all", "-1").decode().strip())
    whole = read(folder)
    monkeypatch.setenv("PATH", "")
    assert_same(read(folder), whole)


MESSAGES = [
    "one\n\nCo-authored-by: B <b@x>\n", "two\n\nbody\n\nCO-AUTHORED-BY: B <b@x>\nco-authored-by : D <d@x>\n",
    "three\nCo-authored-by: B <b@x>\n",
    "Co-authored-by: B <b@x>\n", "four\n\nCo-authored-by: B <b@x>\nprose\n",
    "five\n\nprose\nCo-authored-by: B <b@x>\nSigned-off-by: A <a@x>\n",
    "six\n\np\np\np\np\np\np\np\nSigned-off-by: A <a@x>\nCo-authored-by: B <b@x>\n",
    "seven\n\nCo-authored-by: B\n <b@x>\n", "eight\n\nCo-authored-by: B <b@x>\n\nmore prose\n",
    "nine\n\nCo-authored-by: B <b@x>\n\n\n", "ten\n\nCo-authored-by: B <b@x>\n# a comment\n\n# another\n",
    "eleven\n\nCo-authored-by: B <b@x>\n\nConflicts:\n\ta/file\n\tb\n",
    "twelve\n\n Co-authored-by: B <b@x>\n",
    "thirteen\n\nCo-authored-by: B <b@x>\nCo-authored-by: B <b@x>\nCo-authored-by: E <e@x>\n",
    "fourteen\n\nCo-authored-by: nobody\n", "fifteen\n\nCo-authored-by: <only@x>\n",
    "sixteen\n\nCo-authored-by: B <b@x>",
    "seventeen\n\n(cherry picked from commit 1)\nprose\nCo-authored-by: B <b@x>\n",
    "eighteen\n\nFixes: 3\n continued\nCo-authored-by: B <b@x>\n\t\n",
    "nineteen\n\n\nprose\n\n\nCo-authored-by: B <b@x>\n",
    "\n\ntwenty\n\nCo-authored-by: B <b@x>\n", "x\n\nCo-Authored-By: B <b@x> trailing\nno colon here\n",
    "y\n\nCo-authored-by: B <b@x>\n# c\nSigned-off-by: A <a@x>\n",
    "z\n\nCo-authored-by: B <b@x>\n---\n diffstat\n",
    "last\n\nwith space: no trailer <n@x>\nCo-authored-by: B <b@x>\n",
]


def git_co_authors(folder: Path) -> list[list[bytes]]:
    """What git says of each commit on the mainline, oldest first, who is somebody once."""
    printed = git(folder, "log", "--reverse", "--format=%(trailers:key=Co-authored-by,valueonly,unfold)%x00")
    return [list(dict.fromkeys(line for line in said.split(b"\n") if b"<" in line and b">" in line))
            for said in printed.split(b"\0\n")[:-1]]


def test_co_authors_are_those_of_gits_trailers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(3)
    lines = [line for message in MESSAGES for line in message.split("\n")]
    messages = MESSAGES + ["".join(f"{rng.choice(lines)}\n" for _ in range(rng.randrange(1, 12)))
                           for _ in range(300)]
    folder = repository(tmp_path / "r.git", None, [("A <a@x>", message) for message in messages])
    index = read(folder)
    theirs = [[line[:line.index(b">") + 1] for line in said] for said in git_co_authors(folder)]
    ours = [[(b"%s <%s>" % (index.person_names[person], index.person_emails[person])).strip()
             for person in index.coauthors[first:last].tolist()]
            for first, last in zip(index.coauthor_offsets, index.coauthor_offsets[1:], strict=False)]
    for message, mine, said in zip(messages, ours, theirs, strict=True):
        assert mine == list(dict.fromkeys(said)), message
    assert sum(map(len, ours)) > 50
    monkeypatch.setenv("PATH", "")
    assert_same(read(folder), index)


def test_co_authors_are_mapped_too(tmp_path: Path) -> None:
    folder = repository(tmp_path / "r.git", b"Bee <bee@x> <b@x>\nBee <bee@x>\n",
                        [("Bea <bee@x>", "x\n\nCo-authored-by: Other <o@x>\n"),
                         ("A <a@x>", "y\n\nCo-authored-by: B <B@X>\nCo-authored-by: Bee <bee@x>\n")])
    index = read(folder)
    assert index.coauthors[1] == index.coauthors[2]
    both = people_of(index) + Counter(b"%s <%s>" % (index.person_names[person], index.person_emails[person])
                                      for person in index.coauthors[:2].tolist())
    assert both == shortlog(folder, "--group=author", "--group=trailer:co-authored-by")


@pytest.mark.parametrize(("one", "other", "same"), [
    ("Ada <ada@example.org>", "A. L. <ADA@Example.org>", True),
    ("Ada <root@localhost>", "Bob <root@localhost>", False),
    ("Ada <root@localhost>", "ada <ROOT@localhost>", True),
    ("Ada <123+ada@users.noreply.github.com>", "ada-l <ada@users.noreply.github.com>", True),
    ("Ada <123+ada@users.noreply.github.com>", "Ada <ada@users.noreply.gitlab.com>", False),
    ("Ada Lovelace <ada@one.org>", "ada  lovelace <ada@two.org>", True),
    ("Ada Lovelace <ada@one.org>", "Ada Lovelace <al@two.org>", False),
    ("Ada Lovelace <al@two.org>", "Ada Lovelace <7+x@users.noreply.github.com>", True),
    ("Ada <al@two.org>", "Ada <7+x@users.noreply.github.com>", False),
    (" <none>", "Ada <none>", False),
])
def test_guesses_are_those_that_are_written_down(one: str, other: str, same: bool) -> None:
    pair = [Identity(name.strip().encode(), email.rstrip(">").encode())
            for name, _, email in (one.partition("<"), other.partition("<"))]
    for identities in (pair, pair[::-1]):
        leaders = same_people(identities, [3, 5])
        assert leaders == ([1, 1] if same else [0, 1])


def test_guesses_begin_where_the_mailmap_ends(tmp_path: Path) -> None:
    commits = [("Ada L <ada@one.org>", "x"), ("Ada <ADA@one.org>", "x"), ("Ada <ADA@one.org>", "x"),
               ("Bob B <bob@one.org>", "x"), ("Eve <eve@x.org>", "x")]
    folder = repository(tmp_path / "r.git", b"Bob <ada@one.org> <eve@x.org>\n", commits)
    index = read(folder, "heuristic")
    # The mailmap makes Eve one at ada@one.org; that address makes all of these one person.
    assert people_of(index) == {b"Ada <ADA@one.org>": 4, b"Bob B <bob@one.org>": 1}
    assert len(index.identity_names) == 5 and len(index.person_names) == 3  # C, who committed
    assert np.array_equal(np.sort(index.identity_person), [0, 0, 0, 1, 2])


def test_a_name_that_is_an_address_is_shown_without_its_domain() -> None:
    assert [display_name(name) for name in (b"ada@example.org", b"Ada @ home", b"@ada", b"\xff", b" A ")] == [
        "ada", "Ada @ home", "@ada", "\ufffd", "A"]


def test_no_trailer_is_found_in_nothing() -> None:
    assert co_authors(b"") == co_authors(b"\n\n") == co_authors(b"title\n\n") == []
