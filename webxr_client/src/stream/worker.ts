/** The stream's worker: holds the socket, puts bodies together and decodes, beside the frame loop. */
import type { Hello, TableBody } from "../generated/protocol.ts";
import { Assembly, decodeBody, decodeMessage, encodeMessage, inflate } from "./decode.ts";
import type { FromWorker, Table, ToWorker } from "./link.ts";
import { landmarksOf, nameAt } from "./names.ts";

interface Scope {
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  postMessage(message: FromWorker, transfer?: Transferable[]): void;
}
const scope = self as unknown as Scope;

let socket: WebSocket | undefined;
let received = 0;
const assembly = new Assembly();
/** Parts of these are still arriving, of no use. */
const dropped = new Set<string>();
/** What the page waits for before it shows a scene, and is told of as it comes. */
let awaited: readonly string[] = [];

function open(url: string, subprotocol: string, hello: Hello): void {
  assembly.forget();
  dropped.clear();
  const mine = new WebSocket(url, subprotocol);
  mine.binaryType = "arraybuffer";
  let wasOpen = false;
  socket?.close(1000);
  socket = mine;
  mine.onopen = () => {
    wasOpen = true;
    if (socket !== mine) return;
    mine.send(encodeMessage(hello));
    scope.postMessage({ kind: "opened" });
  };
  mine.onclose = (event) => {
    if (socket === mine) scope.postMessage({ kind: "closed", code: event.code, reason: event.reason, wasOpen });
  };
  const arrived: ArrayBuffer[] = [];
  let taking = false;
  mine.onmessage = (event: MessageEvent<ArrayBuffer>) => {
    arrived.push(event.data);
    if (!taking) void takeAll();
  };

  /** Take what has come, in its order: what follows a body may be about it, and bodies take a moment to inflate. */
  async function takeAll(): Promise<void> {
    taking = true;
    for (let data = arrived.shift(); data !== undefined; data = arrived.shift()) {
      if (socket !== mine) break;
      try {
        const whole = take(data);
        if (whole !== null) hand(whole.deflated ? await inflate(whole.bytes) : whole.bytes, mine);
      } catch (error) {
        scope.postMessage({ kind: "garbled", text: error instanceof Error ? error.message : String(error) });
      }
    }
    taking = false;
  }
}

/** A body as it travelled. */
interface Whole {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly deflated: boolean;
}

/** Hand a message on; of a tile, return its body once the last part is here. */
function take(data: ArrayBuffer): Whole | null {
  received += data.byteLength;
  const message = decodeMessage(new Uint8Array(data));
  if (message.type === "patch" || message.type === "commits") {
    scope.postMessage({ kind: "heard", message, received }, [data]);
    return null;
  }
  if (message.type !== "tile") {
    if (message.type === "scene") awaited = [message.root.id, message.table];
    scope.postMessage({ kind: "heard", message, received });
    return null;
  }
  if (dropped.has(message.id)) return null;
  const { id, total } = message;
  if (awaited.includes(id)) scope.postMessage({ kind: "part", id, have: message.offset + message.data.length, total, received });
  const bytes = assembly.add(message);
  return bytes === null ? null : { bytes, deflated: message.deflated };
}

function hand(bytes: Uint8Array<ArrayBuffer>, from: WebSocket): void {
  if (socket !== from) return;
  const body = decodeBody(bytes);
  if (body.type === "tilebody") {
    scope.postMessage({ kind: "tile", body, received }, [bytes.buffer]);
  } else {
    const table = plain(body);
    scope.postMessage({ kind: "table", table, received }, [table.time.buffer]);
  }
}

/** The table as the page keeps it; done here, as turning 64-bit times into numbers takes a while. */
function plain(body: TableBody): Table {
  const { timeline, people, landmarks, course } = body;
  const time = Float64Array.from(timeline.time, Number);
  return {
    id: body.id,
    time,
    author: timeline.author.slice(),
    mainline: timeline.mainline.slice(),
    colours: people.colour.slice(),
    people: Array.from(people.commits, (commits, row) => (
      { name: nameAt(body.people_names, row), commits, colour: people.colour[row]! })),
    landmarks: landmarksOf(landmarks, body.landmark_names),
    course: { rank: course.rank.slice(), position: course.position.slice(), across: course.across.slice() },
  };
}

scope.onmessage = ({ data }) => {
  if (data.kind === "open") {
    open(data.url, data.subprotocol, data.hello);
  } else if (data.kind === "send") {
    const { message } = data;
    if (message.type === "drop") {
      for (const id of message.tiles) {
        assembly.forget(id);
        dropped.add(id);
      }
    } else if (message.type === "want") {
      for (const id of message.tiles) dropped.delete(id);
    }
    if (socket?.readyState === WebSocket.OPEN) socket.send(encodeMessage(message));
  } else {
    socket?.close(1000);
  }
};
