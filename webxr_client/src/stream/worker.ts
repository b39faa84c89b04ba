/** The stream's worker: holds the socket, puts bodies together and decodes, beside the frame loop. */
import type { Hello, TableBody } from "../generated/protocol.ts";
import { Assembly, decodeBody, decodeMessage, encodeMessage } from "./decode.ts";
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
  mine.onmessage = (event: MessageEvent<ArrayBuffer>) => {
    if (socket !== mine) return;
    try {
      take(event.data);
    } catch (error) {
      scope.postMessage({ kind: "garbled", text: error instanceof Error ? error.message : String(error) });
    }
  };
}

function take(data: ArrayBuffer): void {
  received += data.byteLength;
  const message = decodeMessage(new Uint8Array(data));
  if (message.type === "patch" || message.type === "commits") {
    scope.postMessage({ kind: "heard", message, received }, [data]);
    return;
  }
  if (message.type !== "tile") {
    scope.postMessage({ kind: "heard", message, received });
    return;
  }
  if (dropped.has(message.id)) return;
  const have = message.offset + message.data.length;
  scope.postMessage({ kind: "part", id: message.id, have, total: message.total, received });
  const bytes = assembly.add(message);
  if (bytes === null) return;
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
