/** Words: what hands do, from the table that all viewers share; and what a panel says. */
import { ACTIONS, type ActionName, type Binding } from "../generated/bindings.ts";
import type { Widget } from "./widgets.ts";

const PARTS: Readonly<Record<string, string>> = {
  "xr-standard-squeeze": "grip", "xr-standard-trigger": "trigger", "xr-standard-thumbstick": "stick", select: "trigger",
  "target-ray": "its ray", "a-button": "A", "b-button": "B", "x-button": "X", "y-button": "Y",
};
const GESTURES: Readonly<Record<string, string>> = {
  "pinch-empty": "pinch in empty space", "pinch-both": "pinch with both hands", pinch: "pinch, or touch it",
  "hand-ray": "hold out a hand", "palm-inward": "turn the inside of a wrist to your face",
  "touch-timeline": "then touch or pinch the timeline", "tap-wrist": "tap your wrist", "palm-up": "hold a palm up",
};

/** In the order people need them. */
const HELPED: readonly ActionName[] = ["grab", "zoom", "fly", "turn", "teleport", "select", "scrub", "play", "menu"];
export type Holding = "controller" | "fingers";

export interface Helped {
  readonly what: string;
  readonly how: string;
}

/** What can be done with what is held, and how. */
export function helped(holding: Holding): Helped[] {
  return HELPED.flatMap((name) => {
    const { what, bindings } = ACTIONS[name];
    const how = holding === "fingers"
      ? bindings.filter(({ device }) => device === "fingers").map(({ source }) => GESTURES[source] ?? source).join(", ")
      : partsOf(bindings.filter(({ device }) => device === "webxr"));
    return how === "" ? [] : [{ what: capital(what), how: capital(how) }];
  });
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

function partsOf(bindings: readonly Binding[]): string {
  const words = bindings.map(({ source, hand }) => {
    const part = PARTS[source] ?? source;
    return hand === "both" ? `both ${part}s` : hand === "left" || hand === "right" ? `${hand} ${part}` : part;
  });
  return [...new Set(words)].join(" or ");
}

/** What widgets say, without their buttons. */
export function said(widgets: readonly Widget[]): string[] {
  return widgets.flatMap((widget) => {
    switch (widget.kind) {
      case "text":
      case "toggle":
        return [widget.text];
      case "item": return widget.note === undefined ? [widget.text] : [widget.text, widget.note];
      case "facts": return widget.facts.flatMap(({ label, text }) => [label, text]);
      case "columns": return widget.columns.flatMap((each) => said(each.widgets));
      default: return [];
    }
  });
}
