/** One viewer's line to the server: connects, comes back where it was, and never gives up quietly. */
import { Close, SUBPROTOCOL, type FromViewer, type Hello, type Query, type Result, type TileBody } from "./generated/protocol.ts";
import type { FromWorker, Heard, Table, ToWorker } from "./stream/link.ts";

/**
 * `connecting` the first time, `open`, `reconnecting` after a loss; until a person acts, `unpaired` (the server
 * does not know this device) or `refused` (another version of the page is needed, or a token).
 */
export type Line = "connecting" | "open" | "reconnecting" | "unpaired" | "refused";

export interface Listener {
  line(state: Line, sentence: string): void;
  heard(message: Heard): void;
  part(id: string, have: number, total: number): void;
  tile(body: TileBody): void;
  table(table: Table): void;
}

/** Told once: the answer, or the sentence that says why there is none. */
type Answer = (result: Result | undefined, sentence: string) => void;

const FIRST_WAIT = 250, LONGEST_WAIT = 5000; // milliseconds
const AWAY = "There is no connection to the server.";
const RESUME = "xrserver.resume";

export class Session {
  bytesReceived = 0;
  line: Line = "connecting";

  readonly #tier: Hello["tier"];
  #listener: Listener | undefined;
  /** Said before anybody listened. */
  #early: FromWorker[] = [];
  readonly #worker: Worker;
  readonly #url: string;
  readonly #answers = new Map<number, Answer>();
  #number = 0;
  #wait = FIRST_WAIT;
  #timer = 0;
  #scene = "";
  #ended = false;
  readonly #resumes: boolean;
  /** The repository asked for, by its id; "" for the server's own choice. */
  repository = "";

  /** `resumes`: it comes back where it was after the page was loaded anew. */
  constructor(tier: Hello["tier"], resumes = true) {
    this.#resumes = resumes;
    this.#tier = tier;
    const url = new URL("api/stream", document.baseURI);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    this.#url = url.href;
    this.#worker = new Worker(new URL("./stream/worker.ts", import.meta.url), { type: "module" });
    this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      if (this.#listener === undefined) this.#early.push(data);
      else this.#take(data, this.#listener);
    };
    // A laptop that wakes, or a network that is back, need not wait for the next attempt.
    addEventListener("online", () => this.#hurry());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.#hurry();
    });
  }

  /** Hear what is said, and what was said so far. */
  listen(listener: Listener): void {
    this.#listener = listener;
    for (const message of this.#early.splice(0)) this.#take(message, listener);
  }

  /** Connect, asking for the scene called `scene` ("" for the server's own choice). */
  open(scene: string): void {
    if (this.#ended) return;
    this.#scene = scene;
    this.#unanswered(); // whoever was asked on the line before does not answer on this one
    const hello: Hello = { type: "hello", tier: this.#tier, resume: (this.#resumes ? sessionStorage.getItem(RESUME) : null) ?? "", scene: this.#asked() };
    this.#post({ kind: "open", url: this.#url, subprotocol: SUBPROTOCOL, hello });
  }

  /** Hang up, for good. */
  close(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#worker.terminate();
    this.#unanswered();
  }

  send(message: FromViewer): void {
    if (this.line === "open") this.#post({ kind: "send", message });
  }

  /**
   * Ask.
   *
   * @throws {Error} With the server's sentence, or because the line is down.
   */
  query(kind: Query["kind"], asked: { text?: string; node?: number; index?: number; rank?: number }): Promise<Result> {
    if (this.line !== "open") return Promise.reject(new Error(AWAY));
    this.#number = (this.#number + 1) & 0x3fffffff;
    const number = this.#number;
    const { text = "", node = 0, index = 0, rank = 0 } = asked;
    this.send({ type: "query", number, kind, text, node, index, rank });
    return new Promise((resolve, reject) => {
      this.#answers.set(number, (result, sentence) => {
        if (result === undefined) reject(new Error(sentence));
        else resolve(result);
      });
    });
  }

  #unanswered(): void {
    for (const answer of this.#answers.values()) answer(undefined, AWAY);
    this.#answers.clear();
  }

  /** What hello asks for: ``scene`` or ``repository/scene``. */
  #asked(): string {
    return this.repository === "" || this.#scene.includes("/") ? this.#scene : `${this.repository}/${this.#scene}`;
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  #become(line: Line, sentence: string): void {
    this.line = line;
    this.#listener?.line(line, sentence);
  }

  #take(message: FromWorker, listener: Listener): void {
    if ("received" in message) this.bytesReceived = message.received;
    switch (message.kind) {
      case "opened":
        this.#wait = FIRST_WAIT;
        this.line = "open";
        break;
      case "closed":
        void this.#closed(message.code, message.reason, message.wasOpen);
        break;
      case "part":
        listener.part(message.id, message.have, message.total);
        break;
      case "tile":
        listener.tile(message.body);
        break;
      case "table":
        listener.table(message.table);
        break;
      case "garbled":
        listener.heard({ type: "notice", text: `A message from the server could not be read: ${message.text}` });
        break;
      case "heard":
        this.#heard(message.message, listener);
    }
  }

  #heard(message: Heard, listener: Listener): void {
    if (message.type === "welcome") {
      if (this.#resumes) sessionStorage.setItem(RESUME, message.resume);
      this.#become("open", "");
    } else if (message.type === "result" || message.type === "error") {
      const number = message.type === "result" ? message.number : Number(message.subject || NaN);
      const answer = this.#answers.get(number);
      if (answer !== undefined) {
        this.#answers.delete(number);
        if (message.type === "result") answer(message, "");
        else answer(undefined, message.text);
        return;
      }
    }
    listener.heard(message);
  }

  async #closed(code: number, reason: string, wasOpen: boolean): Promise<void> {
    this.#unanswered();
    if (code === Close.SCHEMA_MISMATCH) {
      this.#become("refused", reason || "This page is of another version than the server.");
      return;
    }
    if (code === Close.DEVICE_REVOKED) {
      this.#become("unpaired", reason);
      return;
    }
    if (!wasOpen && await this.#refused()) return;
    const why = code >= 4400 && code < 4500 ? reason : "";
    this.#become(this.line === "connecting" ? "connecting" : "reconnecting", why);
    this.#timer = window.setTimeout(() => this.open(this.#scene), this.#wait * (0.8 + 0.4 * Math.random()));
    this.#wait = Math.min(this.#wait * 1.7, LONGEST_WAIT);
  }

  /** Whether it is the server that does not want us: a socket that fails to open says no reason, HTTP does. */
  async #refused(): Promise<boolean> {
    try {
      const answer = await fetch(new URL("api/repositories", document.baseURI), { credentials: "same-origin" });
      if (answer.status !== 401 && answer.status !== 403) return false;
      const problem = (await answer.json().catch(() => ({}))) as { detail?: unknown; pairing?: unknown };
      if (problem.pairing !== undefined) this.#become("unpaired", "");
      else this.#become("refused", typeof problem.detail === "string" ? problem.detail
        : "The server asks for a token: open the address it printed when it started.");
      return true;
    } catch {
      return false; // not there at all: the next attempt may find it
    }
  }

  #hurry(): void {
    if (this.#timer === 0 || this.line === "open" || this.line === "refused") return;
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#wait = FIRST_WAIT;
    this.open(this.#scene);
  }
}
