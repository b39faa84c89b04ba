import { bytesOf, dayOf, grouped, minuteOf } from "../src/ui/words.ts";
import { holds } from "./vectors.ts";

holds("words/words.day_of", (seconds: number) => dayOf(seconds));
holds("words/words.minute_of", (seconds: number) => minuteOf(seconds));
holds("words/words.grouped", (n: number) => grouped(n));
holds("words/words.bytes_of", (n: number) => bytesOf(n));
