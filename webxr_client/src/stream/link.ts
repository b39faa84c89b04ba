/** What the page and its stream worker say to each other; buffers move, they are never copied. */
import type { CourseColumns, FromServer, FromViewer, Hello, TileBody } from "../generated/protocol.ts";

/** The columns of a whole scene, times as plain numbers. */
export interface Table {
  readonly id: string;
  /** (n_commits,) seconds UTC, never falling */
  readonly time: Float64Array;
  /** (n_commits,) person ids */
  readonly author: Uint32Array;
  /** (n_commits,) 1 where the commit is on the mainline */
  readonly mainline: Uint8Array;
  readonly people: readonly { readonly name: string; readonly commits: number; readonly colour: number }[];
  /** (n_people,) 0xRRGGBB */
  readonly colours: Uint32Array;
  /** Tags by rank. */
  readonly landmarks: readonly { readonly rank: number; readonly name: string }[];
  /** Where the river's mainline is; of no rows where there is no river. */
  readonly course: CourseColumns;
}

/** Every message but the parts of bodies, which the worker puts together. */
export type Heard = Exclude<FromServer, { type: "tile" }>;

export type ToWorker =
  | { readonly kind: "open"; readonly url: string; readonly subprotocol: string; readonly hello: Hello }
  | { readonly kind: "send"; readonly message: FromViewer }
  | { readonly kind: "close" };

export type FromWorker =
  | { readonly kind: "opened" }
  | { readonly kind: "closed"; readonly code: number; readonly reason: string; readonly wasOpen: boolean }
  | { readonly kind: "heard"; readonly message: Heard; readonly received: number }
  | { readonly kind: "part"; readonly id: string; readonly have: number; readonly total: number; readonly received: number }
  | { readonly kind: "tile"; readonly body: TileBody; readonly received: number }
  | { readonly kind: "table"; readonly table: Table; readonly received: number }
  | { readonly kind: "garbled"; readonly text: string };
