// Builds static/dist: the bundle, the stylesheet, and verbatim copies of what is vendored. `npm run build`.
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const src = dirname(fileURLToPath(import.meta.url));
const root = join(src, "..", "..");
const dist = join(root, "static", "dist");
const modules = join(root, "node_modules");

rmSync(dist, { recursive: true, force: true });
mkdirSync(join(dist, "fonts"), { recursive: true });

await build({
  entryPoints: [join(src, "js", "app.js")],
  outfile: join(dist, "app.js"),
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2022",
  legalComments: "none",
});

execFileSync(
  process.execPath,
  [
    join(modules, "@tailwindcss", "cli", "dist", "index.mjs"),
    "--input",
    join(src, "app.css"),
    "--output",
    join(dist, "app.css"),
    "--minify",
  ],
  { cwd: root, stdio: ["ignore", "inherit", "pipe"] },
);

const copies = {
  "htmx.min.js": "htmx.org/dist/htmx.min.js",
  "fonts/geist.woff2": "@fontsource-variable/geist/files/geist-latin-wght-normal.woff2",
  "fonts/jetbrains-mono.woff2": "@fontsource-variable/jetbrains-mono/files/jetbrains-mono-latin-wght-normal.woff2",
};
for (const [to, from] of Object.entries(copies)) copyFileSync(join(modules, from), join(dist, to));
copyFileSync(join(src, "favicon.svg"), join(dist, "favicon.svg"));

const licences = [
  "htmx.org",
  "@fontsource-variable/geist",
  "@fontsource-variable/jetbrains-mono",
  "daisyui",
  "tailwindcss",
];
writeFileSync(
  join(dist, "LICENCES.txt"),
  licences
    .map((name) => {
      const { version, license } = JSON.parse(readFileSync(join(modules, name, "package.json"), "utf8"));
      const text = readFileSync(join(modules, name, "LICENSE"), "utf8").trim();
      return `${name} ${version} (${license})\n\n${text}\n`;
    })
    .join(`\n${"-".repeat(80)}\n\n`),
);
