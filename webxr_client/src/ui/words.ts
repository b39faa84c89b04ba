/** Numbers and dates as people write them; all dates are UTC, as the stream's are. */

const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
const minute = new Intl.DateTimeFormat("en-GB", {
  day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", timeZone: "UTC",
});
const monthName = new Intl.DateTimeFormat("en-GB", { month: "short", timeZone: "UTC" });

export const dayOf = (seconds: number): string => day.format(seconds * 1000);
export const minuteOf = (seconds: number): string => minute.format(seconds * 1000);
export const monthOf = (seconds: number): string => monthName.format(seconds * 1000);

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
