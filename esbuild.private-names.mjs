/**
 * Names that a minifier may shorten because nobody but their own class can know them.
 *
 * TypeScript says which members are `private`; a bundler has only the name, and shortens every property that bears it. So
 * a name counts only if, in all files of a bundle, it is nothing but that: after `this.`, where it is declared, or a local
 * variable. What a name might mean to the platform, the wire or an application then does not matter.
 */

const declaration = /\bprivate (?:(?:static|readonly|override|async|get|set) )*(\w+)/g;

/** Comments, and texts in single quotes on one line: neither holds properties. */
const noise = /\/\*[\s\S]*?\*\/|\/\/.*|'(?:[^'\\\n]|\\.)*'/g;

/**
 * @param {readonly string[]} sources the text of every file in the bundle
 * @returns {readonly string[]}
 */
export function privateNames(sources) {
  const texts = sources.map((source) => source.replace(noise, "''"));
  const declared = new Set(texts.flatMap((text) => [...text.matchAll(declaration)].map(([, name]) => name)));
  return [...declared].filter((name) => texts.every((text) => isPrivateIn(text, name)));
}

function isPrivateIn(text, name) {
  for (const { index } of text.matchAll(new RegExp(`\\b${name}\\b`, 'g'))) {
    const before = text.slice(Math.max(0, index - 80), index);
    const after = text.slice(index + name.length).trimStart();
    if (/\bthis\.$/.test(before) || /\bprivate [\w ]*$/.test(before)) continue;
    const isMember = /[.#]$/.test(before);
    const isKey = /^\??\s*[:(]/.test(after) || /[{,]\s*$/.test(before) || /^\s*[},]/.test(after);
    if (isMember || isKey) return false;
  }
  return true;
}
