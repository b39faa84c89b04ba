/** How far a scene reaches, where what comes later stands beyond it. */
import { Kind, SPAN } from "../generated/protocol.ts";

/** Widen `box` (min x y z, max x y z; metres, scene space) so that it holds these spans. */
export function hold(box: number[], spans: Uint32Array): void {
  const floats = new Float32Array(spans.buffer, spans.byteOffset, spans.length);
  for (let at = 0; at < spans.length; at += SPAN.words) {
    const place = at + SPAN.position1;
    if ((spans[at + SPAN.traits]! & 0xff) === Kind.RIBBON) {
      const wide = 0.5 * Math.max(floats[at + SPAN.value1]!, floats[at + SPAN.value0]!);
      reach(box, floats, place, wide);
      reach(box, floats, at + SPAN.position0, wide);
    } else {
      const size = at + SPAN.size1;
      for (let i = 0; i < 3; i++) {
        const half = 0.5 * floats[size + i]!;
        box[i] = Math.min(box[i]!, floats[place + i]! - (i === 1 ? 0 : half));
        box[i + 3] = Math.max(box[i + 3]!, floats[place + i]! + (i === 1 ? 2 * half : half));
      }
    }
  }
}

function reach(box: number[], floats: Float32Array, place: number, wide: number): void {
  for (let i = 0; i < 3; i++) {
    box[i] = Math.min(box[i]!, floats[place + i]! - wide);
    box[i + 3] = Math.max(box[i + 3]!, floats[place + i]! + wide);
  }
}
