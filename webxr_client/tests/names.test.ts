import assert from "node:assert/strict";
import { test } from "node:test";

import { shown } from "../src/stream/names.ts";

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

test("UTF-8 is shown as it is", () => {
  assert.equal(shown(utf8("src/ä/漢字 👩‍💻.md")), "src/ä/漢字 👩‍💻.md");
});

test("bytes that are no UTF-8 are escaped, those around them not", () => {
  assert.equal(shown(bytes("caf\xe9/b.txt")), "caf\\xe9/b.txt");
  assert.equal(shown(Uint8Array.from([...utf8("ä"), 0xff, ...utf8("漢"), 0xe6, 0xbc])), "ä\\xff漢\\xe6\\xbc");
  assert.equal(shown(bytes("\xc0\xaf\xed\xa0\x80")), "\\xc0\\xaf\\xed\\xa0\\x80"); // overlong, surrogate
});

test("what breaks lines or turns text around is escaped", () => {
  assert.equal(shown(utf8("a\nb\u202egpj.exe\u2028")), "a\\x0ab\\u202egpj.exe\\u2028");
});
