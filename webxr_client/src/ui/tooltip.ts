/** What the pointer is over, beside it: the path, and the commit of the floor. */
import { element } from "./element.ts";
import { split } from "./words.ts";

const AWAY = 16; // pixels from the pointer

export class Tooltip {
  readonly root: HTMLElement;
  readonly #name = element("strong");
  readonly #folder = element("span", { class: "folder" });
  readonly #subject = element("p", { class: "subject" });
  readonly #by = element("p", { class: "by" });
  #x = 0;
  #y = 0;

  constructor() {
    this.root = element("div", { class: "tooltip", role: "status", hidden: true },
      element("p", { class: "path" }, this.#folder, this.#name), this.#subject, this.#by);
  }

  show(path: string): void {
    const [name, folder] = split(path);
    this.#name.textContent = name;
    this.#folder.textContent = folder;
    this.commit("", "");
    this.root.hidden = false;
    this.#move();
  }

  /** The commit of the floor pointed at. */
  commit(subject: string, by: string): void {
    this.#subject.textContent = subject;
    this.#by.textContent = by;
    this.#subject.hidden = subject === "";
    this.#by.hidden = by === "";
    if (!this.root.hidden) this.#move();
  }

  hide(): void {
    this.root.hidden = true;
  }

  /** Follow the pointer; CSS pixels of the page. */
  follow(x: number, y: number): void {
    this.#x = x;
    this.#y = y;
    if (!this.root.hidden) this.#move();
  }

  #move(): void {
    const { offsetWidth, offsetHeight } = this.root;
    const left = this.#x + AWAY + offsetWidth > innerWidth - 8 ? this.#x - AWAY - offsetWidth : this.#x + AWAY;
    const top = this.#y + AWAY + offsetHeight > innerHeight - 8 ? this.#y - AWAY - offsetHeight : this.#y + AWAY;
    this.root.style.transform = `translate(${Math.max(Math.round(left), 8)}px, ${Math.max(Math.round(top), 8)}px)`;
  }
}
