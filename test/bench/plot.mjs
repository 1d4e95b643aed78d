/** The ratios as bars, in SVG, a group a peer: what a reader sees first is whether a bar ends before the peer's line. */

const WIDTH = 760;
const ROW = 28;
const HEAD = 44;
const LEFT = 250;
const RIGHT = 60;
const LABEL = 44;

/** @param {readonly import('./measure.mjs').Result[]} results */
export function plot(results) {
  const most = Math.max(1.1, ...results.map(({ ratio }) => ratio));
  const scale = (WIDTH - LEFT - RIGHT) / most;
  const line = LEFT + scale;
  const peers = [...new Set(results.map(({ scenario }) => scenario.peers[1]))];
  const parts = [];
  let y = 0;
  for (const peer of peers) {
    const group = results.filter(({ scenario }) => scenario.peers[1] === peer);
    parts.push(`<text x="${LEFT}" y="${y + 26}" class="head">beside ${peer}</text>`);
    y += HEAD;
    group.forEach(({ scenario, ratio }, at) => {
      const top = y + at * ROW;
      const end = LEFT + ratio * scale;
      // A number would hide the line that it ends before.
      const label = end < line && end > line - LABEL ? line + 6 : end + 8;
      parts.push(
        `<text x="${LEFT - 10}" y="${top + 15}" text-anchor="end">${scenario.name}</text>`,
        `<rect x="${LEFT}" y="${top + 2}" width="${(ratio * scale).toFixed(1)}" height="${ROW - 10}" rx="3" class="bar"/>`,
        `<text x="${label.toFixed(1)}" y="${top + 15}">${ratio.toFixed(2)}</text>`,
      );
    });
    const bottom = y + group.length * ROW;
    parts.push(`<line x1="${line}" x2="${line}" y1="${y - 6}" y2="${bottom}" class="peer"/>`);
    parts.push(`<text x="${line}" y="${y - 10}" text-anchor="middle">${peer} = 1</text>`);
    y = bottom + 8;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" font-family="system-ui, sans-serif" font-size="13">
  <title>What Throughline costs the server beside its peers: CPU time, or memory of an idle connection; less is better</title>
  <style>
    text { fill: #57606a }
    .head { font-weight: 600 }
    .bar { fill: #2f81f7 }
    .peer { stroke: #8c959f; stroke-dasharray: 4 4 }
    @media (prefers-color-scheme: dark) { text { fill: #9198a1 } }
  </style>
  ${parts.join('\n  ')}
</svg>
`;
}
