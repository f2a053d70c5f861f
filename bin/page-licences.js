/** Which packages a bundle contains, with their licences; read from the packages themselves. */
import fs from "node:fs";
import path from "node:path";

/**
 * A plugin of Vite and rolldown that notes from which packages the modules of a bundle come.
 *
 * @param {Set<string>} folders of packages; added to
 */
export function packagesNoted(folders) {
  return {
    name: "packages-noted",
    generateBundle(_options, bundle) {
      for (const { type, moduleIds = [] } of Object.values(bundle)) {
        if (type !== "chunk") continue;
        for (const id of moduleIds) {
          const folder = /^(.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+)[\\/]/.exec(
            id.replace(/^\0/, ""),
          )?.[1];
          if (folder !== undefined) folders.add(folder);
        }
      }
    },
  };
}

/**
 * Each package once: name, version, licence and the text of the licence.
 *
 * @param {Iterable<string>} folders
 * @throws if a package does not say its licence: what we hand on has to be known
 */
export function licencesOf(folders) {
  const packages = [...folders].map((folder) => {
    const { name, version, license } = JSON.parse(fs.readFileSync(path.join(folder, "package.json"), "utf8"));
    if (typeof license !== "string") throw new Error(`${name} in ${folder} does not say its licence`);
    const file = fs.readdirSync(folder).find((each) => /^licen[cs]e(?:[.-]|$)/i.test(each));
    const text = file === undefined ? "" : fs.readFileSync(path.join(folder, file), "utf8").trim();
    return { name, version, licence: license, text };
  });
  const once = new Map(packages.map((each) => [`${each.name} ${each.version}`, each]));
  return [...once.values()].sort((one, other) => one.name.localeCompare(other.name));
}
