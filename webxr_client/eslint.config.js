import js from "@eslint/js";
import { defineConfig } from "eslint/config";
import tseslint from "typescript-eslint";

/** Modules that run without a page, in Node's test runner and in any viewer. */
const pure = ["src/clock.ts", "src/navigation/**/*.ts", "src/scene/cut.ts", "src/stream/decode.ts"];

export default defineConfig(
  { ignores: ["dist", "node_modules", "src/generated"] },
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        project: ["tsconfig.json", "tsconfig.node.json"],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      // Indexed access is checked, so loops over typed arrays say `!` where the bound is known.
      "@typescript-eslint/no-non-null-assertion": "off",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      eqeqeq: "error",
      "no-console": "error",
    },
  },
  {
    files: pure,
    rules: {
      "no-restricted-imports": ["error", { patterns: ["three", "three/*"] }],
      "no-restricted-globals": ["error", "window", "document", "navigator", "self", "performance"],
    },
  },
  { files: ["tests/**/*.ts"], rules: { "@typescript-eslint/no-floating-promises": "off" } },
  { files: ["eslint.config.js"], extends: [tseslint.configs.disableTypeChecked] },
);
