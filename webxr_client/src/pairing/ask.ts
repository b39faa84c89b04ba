/** Asking the server to pair this device. */

/** What is shown to prove that one may come in: the code typed, or the secret of a link. */
export type Proof = { readonly code: string } | { readonly secret: string };

export type Outcome =
  | { readonly kind: "paired" }
  /** `wait` seconds until the next try. */
  | { readonly kind: "refused"; readonly sentence: string; readonly wait: number }
  | { readonly kind: "unreachable" };

const PATIENCE = 10_000; // milliseconds

/** Ask; the cookie of the answer is what lets this browser in from now on. */
export async function pair(proof: Proof): Promise<Outcome> {
  try {
    const answer = await fetch(new URL("api/pair", document.baseURI), {
      method: "POST",
      credentials: "same-origin",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(proof),
      signal: AbortSignal.timeout(PATIENCE),
    });
    if (answer.ok) return { kind: "paired" };
    const problem = (await answer.json().catch(() => ({}))) as { detail?: unknown; wait?: unknown };
    return {
      kind: "refused",
      sentence: typeof problem.detail === "string" ? problem.detail : `The server answers ${answer.status}.`,
      wait: typeof problem.wait === "number" ? problem.wait : 0,
    };
  } catch {
    return { kind: "unreachable" };
  }
}
