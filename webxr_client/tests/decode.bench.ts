// How long a tile takes to decode: `node decode.bench.ts FILE RUNS` prints milliseconds as JSON.
import { readFileSync } from "node:fs";
import { argv, stdout } from "node:process";

import { decodeBody } from "../src/stream/decode.ts";

const [, , file = "", runs = "20"] = argv;
const read = readFileSync(file);
const bytes = new Uint8Array(read.byteLength);
bytes.set(read);
const times: number[] = [];
for (let i = 0; i < Number(runs) + 3; i++) {
  const start = performance.now();
  decodeBody(bytes);
  if (i >= 3) times.push(performance.now() - start);
}
stdout.write(JSON.stringify(times));
