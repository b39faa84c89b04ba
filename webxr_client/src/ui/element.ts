/** Elements in one expression; what the interface is built from. */

type Properties = Readonly<Record<string, string | boolean | ((event: never) => void)>>;

/** An element with attributes and listeners (`onclick`, …); `class` and `text` as expected. */
export function element<K extends keyof HTMLElementTagNameMap>(
  name: K, properties: Properties = {}, ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (typeof value === "function") made.addEventListener(key.slice(2), value as unknown as EventListener);
    else if (key === "text") made.textContent = String(value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false) made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

/** Paths in a square of 24. */
export const ICONS = {
  play: "M7 4.500v15l13-7.500z",
  pause: "M6.500 4.500h4v15h-4zM13.500 4.500h4v15h-4z",
  reverse: "M17 4.500v15L4 12z",
  slower: "M5 11h14v2H5z",
  faster: "M11 5h2v6h6v2h-6v6h-2v-6H5v-2h6z",
  sun: "M12 7.500a4.500 4.500 0 1 0 0 9 4.500 4.500 0 0 0 0-9zM11 1.500h2v3.500h-2zM11 19h2v3.500h-2zM1.500 11H5v2H1.500zM19 11h3.500v2H19zM4.200 5.600l1.400-1.400 2.500 2.500-1.400 1.400zM15.900 17.300l1.400-1.400 2.500 2.500-1.400 1.400zM5.600 19.800l-1.400-1.400 2.500-2.500 1.400 1.400zM17.300 8.100l-1.400-1.400 2.500-2.500 1.400 1.400z",
  moon: "M20.500 14.200A8.600 8.600 0 0 1 9.800 3.500a8.600 8.600 0 1 0 10.700 10.700z",
  help: "M12 2.500a9.500 9.500 0 1 0 0 19 9.500 9.500 0 0 0 0-19zm0 2a7.500 7.500 0 1 1 0 15 7.500 7.500 0 0 1 0-15zM11 16h2v2h-2zM12 6.200c-2 0-3.500 1.300-3.500 3.300h2c0-.9.600-1.500 1.500-1.500s1.500.6 1.500 1.400c0 1.300-2.500 1.600-2.500 4.600h2c0-2 2.500-2.200 2.500-4.700 0-1.900-1.500-3.100-3.500-3.100z",
  close: "M6.300 4.900 12 10.600l5.700-5.700 1.400 1.400-5.700 5.700 5.700 5.700-1.400 1.400-5.700-5.700-5.700 5.700-1.400-1.400 5.700-5.700-5.700-5.700z",
  backspace: "M9 5h12v14H9l-6-7zm1 2-4.300 5L10 17h9V7zm1.400 2.100 1.400-1.400L14.500 9.400l1.700-1.700 1.400 1.400-1.700 1.700v2.400l1.700 1.700-1.400 1.400-1.700-1.700-1.700 1.700-1.400-1.400 1.700-1.700v-2.400z",
  palette: "M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 13h7v7h-7z",
  menu: "M4 6h16v2H4zM4 11h16v2H4zM4 16h16v2H4z",
} as const;
export type Icon = keyof typeof ICONS;

const SVG = "http://www.w3.org/2000/svg";

export function icon(name: Icon): SVGSVGElement {
  const made = document.createElementNS(SVG, "svg");
  made.setAttribute("viewBox", "0 0 24 24");
  made.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  made.append(path);
  return made;
}

/** Show another icon in a button, and say what it does now. */
export function relabel(button: HTMLElement, name: Icon, label: string): void {
  button.replaceChildren(icon(name));
  button.title = label;
  button.setAttribute("aria-label", label);
}

/** A button with an icon; `label` is its accessible name and hint. */
export function iconButton(name: Icon, label: string, onclick: () => void): HTMLButtonElement {
  const made = element("button", { type: "button", class: "icon", onclick });
  relabel(made, name, label);
  return made;
}

/** One of several, as a row of radio buttons. */
export class Choice<T extends string> {
  readonly root: HTMLElement;
  readonly #buttons = new Map<T, HTMLButtonElement>();

  constructor(label: string, options: readonly (readonly [T, string])[], chosen: (value: T) => void) {
    this.root = element("div", { class: "choice", role: "radiogroup", "aria-label": label });
    const values = options.map(([value]) => value);
    for (const [value, text] of options) {
      const button = element("button", { type: "button", role: "radio", text, onclick: () => chosen(value) });
      button.addEventListener("keydown", (event) => {
        const step = event.key === "ArrowRight" || event.key === "ArrowDown" ? 1
          : event.key === "ArrowLeft" || event.key === "ArrowUp" ? -1 : 0;
        if (step === 0) return;
        event.preventDefault();
        event.stopPropagation();
        const next = values[(values.indexOf(value) + step + values.length) % values.length]!;
        chosen(next);
        this.#buttons.get(next)?.focus();
      });
      this.#buttons.set(value, button);
      this.root.append(button);
    }
  }

  show(value: T): void {
    for (const [each, button] of this.#buttons) {
      button.setAttribute("aria-checked", String(each === value));
      button.tabIndex = each === value ? 0 : -1;
    }
  }
}
