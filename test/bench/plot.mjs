/** The ratios as bars, in SVG: what a reader sees first is whether a bar ends before the line of the peer. */

const WIDTH = 760;
const ROW = 34;
const LEFT = 230;
const RIGHT = 90;
const TOP = 46;

/** @param {readonly import('./measure.mjs').Result[]} results */
export function plot(results) {
  const most = Math.max(1.2, ...results.map(({ ratio }) => ratio));
  const scale = (WIDTH - LEFT - RIGHT) / most;
  const height = TOP + results.length * ROW + 24;
  const line = LEFT + scale;
  const rows = results.map(({ scenario, ratio }, at) => {
    const y = TOP + at * ROW;
    return `  <text x="${LEFT - 10}" y="${y + 17}" text-anchor="end">${scenario.name}</text>
  <rect x="${LEFT}" y="${y + 4}" width="${(ratio * scale).toFixed(1)}" height="${ROW - 14}" rx="3" class="bar"/>
  <text x="${(LEFT + ratio * scale + 8).toFixed(1)}" y="${y + 18}">${ratio.toFixed(2)}</text>`;
  });
  const peer = results[0]?.scenario.peers[1] ?? '';
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="13">
  <style>text { fill: #57606a } .bar { fill: #2f81f7 } .peer { stroke: #8c959f; stroke-dasharray: 4 4 }</style>
  <text x="${LEFT}" y="20">Server CPU or memory, ${peer} = 1 (less is better)</text>
${rows.join('\n')}
  <line x1="${line}" x2="${line}" y1="${TOP - 10}" y2="${height - 14}" class="peer"/>
</svg>
`;
}
