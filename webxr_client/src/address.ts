/** The page's address: by commit and path, which outlive ranks and nodes, so that a link opens here again. */

export interface Wanted {
  readonly at: string | null;
  readonly select: string | null;
}

/** What the address asks for. */
export function wanted(): Wanted {
  const parts = new URLSearchParams(location.hash.slice(1));
  return { at: parts.get("at"), select: parts.get("select") };
}

/** What an address and a menu say instead of one repository's id. */
export const ALL = "*";

/** The repository that the address names; "" where it names none, or all. */
export function repository(): string {
  const named = new URLSearchParams(location.search).get("repository") ?? "";
  return named === ALL ? "" : named;
}

/** Whether the address asks for all repositories, side by side. */
export function all(): boolean {
  return new URLSearchParams(location.search).get("repository") === ALL;
}

/** Have the address name another repository, and no moment of the one before. */
export function enter(repository: string): void {
  const parts = new URLSearchParams(location.search);
  parts.set("repository", repository);
  history.replaceState(null, "", `${location.pathname}?${parts.toString()}`);
}

/** Take the secret of a link that pairs out of the address, where nobody who looks on should read it; "" without one. */
export function takeInvitation(): string {
  const parts = new URLSearchParams(location.hash.slice(1));
  const secret = parts.get("pair") ?? "";
  if (secret === "") return "";
  parts.delete("pair");
  const hash = parts.toString();
  history.replaceState(null, "", location.pathname + location.search + (hash === "" ? "" : `#${hash}`));
  return secret;
}

/** Have the address say this; "" says nothing of it. */
export function remember(at: string, select: string): void {
  const parts = new URLSearchParams();
  if (at !== "") parts.set("at", at.slice(0, 12));
  if (select !== "") parts.set("select", select);
  const hash = parts.toString();
  if (hash === location.hash.slice(1)) return;
  history.replaceState(null, "", hash === "" ? location.pathname + location.search : `#${hash}`);
}
