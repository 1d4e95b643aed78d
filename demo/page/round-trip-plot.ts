/** The last round trips as a line, in the colour of the transport that carried them; a gap where no answer came. */
import { find } from './element.ts';

export interface Sample {
  /** `undefined` where no answer came. */
  readonly ms: number | undefined;
  readonly transport: string;
}

const MOST_SAMPLES = 90;
const WIDTH = 180;
const HEIGHT = 60;

/** Tops of the scale. The line may touch the top, and the scale changes seldom. */
const TOPS_MS = [5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000] as const;

const SVG = 'http://www.w3.org/2000/svg';

export class RoundTripPlot {
  private readonly svg = find('plot', SVGSVGElement);
  private readonly top = find('plot-top', HTMLElement);
  private readonly facts = find('plot-facts', HTMLElement);
  private readonly now = find('round-trip', HTMLOutputElement);
  private readonly samples: Sample[] = [];

  constructor() {
    this.svg.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`);
  }

  add(sample: Sample): void {
    this.samples.push(sample);
    if (this.samples.length > MOST_SAMPLES) this.samples.shift();
    this.draw();
    this.tell(sample);
  }

  private draw(): void {
    const highest = Math.max(0, ...this.samples.map(({ ms }) => ms ?? 0));
    const topMs = TOPS_MS.find((top) => top >= highest) ?? highest;
    const x = (index: number): number => WIDTH - (this.samples.length - 1 - index) * (WIDTH / (MOST_SAMPLES - 1));
    const y = (ms: number): number => HEIGHT - 2 - (ms / topMs) * (HEIGHT - 6);

    const drawn: SVGElement[] = [line('grid', `M0 ${y(topMs / 2)} H${WIDTH}`), line('grid', `M0 ${y(0)} H${WIDTH}`)];
    for (const { from, to, transport } of runs(this.samples)) {
      const points: string[] = [];
      for (let index = from; index <= to; index += 1)
        points.push(`${x(index).toFixed(1)} ${y(this.samples[index]?.ms ?? 0).toFixed(1)}`);
      // A run of one is a point, which a line of no length and round ends shows.
      drawn.push(line('trace', `M${points.join(' L')}${points.length === 1 ? ' h0.01' : ''}`, transport));
    }
    this.samples.forEach(({ ms }, index) => {
      if (ms === undefined) drawn.push(line('lost', `M${x(index).toFixed(1)} ${HEIGHT - 2} v-8`));
    });
    this.svg.replaceChildren(...drawn);
    this.top.textContent = `${topMs} ms`;
  }

  private tell({ ms }: Sample): void {
    const answered = this.samples.flatMap((sample) => sample.ms ?? []).sort((a, b) => a - b);
    const lost = this.samples.length - answered.length;
    const at = (part: number): string =>
      msText(answered[Math.min(answered.length - 1, Math.floor(part * answered.length))]);
    this.now.textContent = msText(ms);
    this.facts.textContent = `median ${at(0.5)} · worst ${at(1)}${lost > 0 ? ` · ${lost} without answer` : ''}`;
    this.svg.setAttribute('aria-label', `Round-trip times: now ${msText(ms)}, ${this.facts.textContent}`);
  }
}

/** Neighbours with an answer over the same transport. Each run reaches back to the one before, so that the line goes on. */
function runs(samples: readonly Sample[]): { from: number; to: number; transport: string }[] {
  const found: { from: number; to: number; transport: string }[] = [];
  samples.forEach(({ ms, transport }, index) => {
    if (ms === undefined) return;
    const last = found.at(-1);
    const isNext = last !== undefined && last.to === index - 1;
    if (isNext && last.transport === transport) last.to = index;
    else found.push({ from: isNext ? index - 1 : index, to: index, transport });
  });
  return found;
}

function line(kind: string, path: string, transport?: string): SVGElement {
  const made = document.createElementNS(SVG, 'path');
  made.setAttribute('class', kind);
  made.setAttribute('d', path);
  if (transport !== undefined) made.setAttribute('data-transport', transport);
  return made;
}

function msText(ms: number | undefined): string {
  if (ms === undefined) return '–';
  return ms < 10 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`;
}
