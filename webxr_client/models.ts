/** Copies the models of controllers and hands into the page: a headset without internet shows them too. */
import { readFile } from "node:fs/promises";
import type { Plugin } from "vite";

const PACKAGE = new URL("node_modules/@webxr-input-profiles/assets/", import.meta.url);
const PROFILES = ["generic-hand", "meta-quest-touch-plus", "meta-quest-touch-pro", "oculus-touch-v3"];

/** Where a file of the page lies in the package. */
const FILES = new Map<string, string>([
  ["models/LICENSE.md", "LICENSE.md"],
  ...PROFILES.flatMap((profile) => ["left.glb", "right.glb"]
    .map((file) => [`models/${profile}/${file}`, `dist/profiles/${profile}/${file}`] as const)),
]);

export function models(): Plugin {
  return {
    name: "models",
    async generateBundle() {
      for (const [fileName, from] of FILES) {
        this.emitFile({ type: "asset", fileName, source: await readFile(new URL(from, PACKAGE)) });
      }
    },
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        const from = FILES.get((request.url ?? "").split("?")[0]!.slice(1));
        if (from === undefined) next();
        else void readFile(new URL(from, PACKAGE)).then((bytes) => response.end(bytes), next);
      });
    },
  };
}
