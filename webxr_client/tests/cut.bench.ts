/** Times the cut over many headers and prints milliseconds as JSON: `node cut.bench.ts FILE BUDGETS RUNS`. */
import { readFileSync } from "node:fs";
import { Cut } from "../src/scene/cut.ts";

const [, , file = "", nodes = "80000", spans = "400000", runs = "50"] = process.argv;
const columns = JSON.parse(readFileSync(file, "utf-8")) as Record<string, number[]> & { box: number[] };
const ints = (name: string): Int32Array => Int32Array.from(columns[name]!);
const tiles = {
  first: ints("first"), children: ints("children"), box: Float64Array.from(columns.box), error: Float64Array.from(columns["error"]!),
  lo: ints("lo"), hi: ints("hi"), nodes: ints("nodes"), spans: ints("spans"),
};
const cut = new Cut();
const times: number[] = [];
for (let run = 0; run < Number(runs); run++) {
  const eye = [400 * Math.sin(run), 30, 400 * Math.cos(run)];
  const began = performance.now();
  cut.choose(tiles, eye, 400, (run * 7919) % 100_000, Number(nodes), Number(spans));
  times.push(performance.now() - began);
}
process.stdout.write(JSON.stringify({ times, residents: cut.residents, draws: cut.draws }) + "\n");
