/** Numbers and dates as people write them; all dates are UTC, as the stream's are. */

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const;
const two = (n: number): string => String(n).padStart(2, "0");

/** 4 Mar 2026. By hand, as it is written while time runs: Intl takes a good part of a frame. */
export function dayOf(seconds: number): string {
  const date = new Date(seconds * 1000);
  return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]!} ${date.getUTCFullYear()}`;
}

/** 4 Mar 2026, 15:36. */
export function minuteOf(seconds: number): string {
  const date = new Date(seconds * 1000);
  return `${dayOf(seconds)}, ${two(date.getUTCHours())}:${two(date.getUTCMinutes())}`;
}

export const monthOf = (month: number): string => MONTHS[month]!;

/** 12 345 with thin spaces. */
export const grouped = (n: number): string => Math.round(n).toString().replace(/\B(?=(\d{3})+$)/g, "\u202f");

export function bytesOf(n: number): string {
  if (n < 1024) return `${n} B`;
  const unit = n < 1 << 20 ? "KiB" : "MiB";
  const value = n / (unit === "KiB" ? 1 << 10 : 1 << 20);
  return `${value.toFixed(value < 10 ? 1 : 0)} ${unit}`;
}

/** refs/heads/main as people say it. */
export const refName = (ref: string): string => ref.replace(/^refs\/(heads|remotes|tags)\//, "");

/** The last part of a path, and what stands before it (with its slash). */
export function split(path: string): readonly [string, string] {
  const cut = path.lastIndexOf("/") + 1;
  return [path.slice(cut), path.slice(0, cut)];
}

/** How fast it plays, of the rate that the history came with; backwards with a minus. */
export function speedOf(rate: number, first: number): string {
  const factor = Math.abs(rate / first);
  const text = factor >= 9.5 ? String(Math.round(factor))
    : factor >= 0.9 ? String(Math.round(factor * 10) / 10) : `1/${Math.round(1 / factor)}`;
  return `${rate < 0 ? "−" : ""}${text}×`;
}

/** A name in its own direction: what follows an Arabic one stays where it is. */
export const isolated = (text: string): string => `\u2068${text}\u2069`;
