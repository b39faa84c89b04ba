/** The rows of the inspector as people read them: facts, the last change, those before it. For every way to show them. */
import type { Panel, Row } from "./generated/protocol.ts";
import { bytesOf, dayOf, grouped, isolated, minuteOf, split } from "./ui/words.ts";

/** A line that may lead to a moment; "" where it leads to none. Its `repository` is "" where that is the one shown. */
export interface Line {
  readonly label: string;
  readonly text: string;
  readonly moment: string;
  readonly repository: string;
}

export interface Change {
  /** "" where the panel is the commit's own, whose title it is. */
  readonly subject: string;
  /** The rest of the message, in paragraphs; "" without. */
  readonly message: string;
  readonly author: string;
  readonly when: string;
  readonly oid: string;
  readonly moment: string;
}

export interface Inspection {
  readonly name: string;
  /** With its slash; "" at the top. */
  readonly folder: string;
  readonly facts: readonly Line[];
  readonly change: Change | undefined;
  readonly others: readonly Line[];
  /** Subjects, and under them who and when. */
  readonly earlier: readonly Line[];
}

const DATE = /^\d{4}-\d{2}-\d{2}$/;
/** A line of prose broken only because it was full. */
const WRAPPED = /([^\n]{48,})\n(?=[\p{L}\d("'`])/gu;
const FACTS = new Set(["kind", "size", "mode", "commits", "files", "state", "pinned commit", "its repository"]);
/** What the panel of a commit itself calls its kind. */
const COMMITS = new Set(["commit", "merge"]);

export function inspect(panel: Panel): Inspection {
  const { rows, title } = panel;
  const of = (label: string) => rows.find((row) => row.label === label);
  const itself = COMMITS.has(of("kind")?.text ?? "");
  const [name, folder] = itself ? [title, ""] : split(title);
  const facts = rows.filter(({ label }) => FACTS.has(label));
  const earlier = rows.filter(({ label }) => DATE.test(label));
  const known = new Set([...facts, ...earlier, ...["commit", "author", "date", "message"].map(of)]);
  const commit = of("commit");
  return {
    name: name || title, folder,
    facts: facts.map(line),
    change: commit && { ...change(commit, of("author"), of("date"), of("message")), ...(itself ? { subject: "" } : {}) },
    others: rows.filter((row) => !known.has(row)).map(line),
    earlier: earlier.map(({ label, text, moment, repository }) => {
      const cut = text.lastIndexOf(" — ");
      const day = dayOf(Date.parse(label) / 1000);
      return { text: cut < 0 ? text : text.slice(0, cut), label: cut < 0 ? day : `${isolated(text.slice(cut + 3))} · ${day}`, moment, repository };
    }),
  };
}

const line = ({ label, text, moment, repository }: Row): Line => ({
  label, moment, repository,
  text: moment === "" ? fact(label, text) : repository === "" ? text : `${text.slice(0, 10)} in ${repository}`,
});

function change(commit: Row, author?: Row, date?: Row, message?: Row): Change {
  const [subject = "", ...rest] = (message?.text ?? "").split("\n");
  const seconds = Date.parse(date?.text ?? "") / 1000;
  return {
    subject, message: rest.join("\n").trim().replace(WRAPPED, "$1 "),
    author: author?.text ?? "", when: Number.isFinite(seconds) ? minuteOf(seconds) : (date?.text ?? ""),
    oid: commit.text, moment: commit.moment,
  };
}

/** A size in units people read. */
function fact(label: string, text: string): string {
  const bytes = /^(\d+) B$/.exec(text)?.[1];
  if (label === "size" && bytes !== undefined) return bytesOf(Number(bytes));
  return /^\d+$/.test(text) && label !== "mode" ? grouped(Number(text)) : text;
}
