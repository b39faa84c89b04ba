import { readFileSync } from "node:fs";
import { defineConfig, type Plugin, type ProxyOptions } from "vite";
import { models } from "./models.ts";

/** The server that the page is developed against (`make dev`). */
const target = process.env["XRSERVER_URL"] ?? "http://127.0.0.1:8080";

/** The version said once, in the Python package. */
function version(): string {
  const source = readFileSync(new URL("../xrserver/__init__.py", import.meta.url), "utf8");
  const found = /^__version__ = "([^"]+)"/m.exec(source)?.[1];
  if (found === undefined) throw new Error("xrserver/__init__.py has no __version__ to show.");
  return found;
}

/** Host and Origin are checked by the server, so what is passed on must name the server itself. */
const proxied: ProxyOptions = {
  target,
  changeOrigin: true,
  ws: true,
  configure(proxy) {
    proxy.on("proxyReq", (request) => {
      if (request.getHeader("origin") !== undefined) request.setHeader("origin", target);
    });
    proxy.on("proxyReqWs", (request) => {
      request.setHeader("origin", target);
    });
  },
};

/** The page is fetched at once, not only when what it begins with asks for it. */
const preloaded: Plugin = {
  name: "preloaded",
  transformIndexHtml: {
    order: "post",
    handler: (_, { bundle }) => Object.values(bundle ?? {}).filter((each) => each.type === "chunk" && each.isDynamicEntry)
      .map(({ fileName }) => ({ tag: "link", attrs: { rel: "modulepreload", crossorigin: true, href: `./${fileName}` }, injectTo: "head" })),
  },
};

export default defineConfig({
  base: "./",
  plugins: [models(), preloaded],
  define: { __XRSERVER_VERSION__: JSON.stringify(version()) },
  build: {
    target: "es2022",
    outDir: "dist",
    assetsInlineLimit: 0, // the Content-Security-Policy allows no data: addresses
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1500,
  },
  worker: { format: "es" },
  server: {
    port: 5173,
    fs: { allow: [".."] }, // shaders lie beside this folder
    proxy: { "/api": proxied, "/health": proxied, "/pair": proxied },
  },
});
