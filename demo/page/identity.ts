/** Who one is in the chat: a name and a colour from the start, so that nobody has to fill in a form first. */
import { limits } from '../limits.ts';
import { browserMemory, tabMemory } from './memory.ts';

export interface Identity {
  /** Secret: whoever has it speaks as this person. */
  readonly key: string;
  /** Names this tab to the demo's firewall. */
  readonly tab: string;
  name: string;
  hue: number;
}

/** The colours there are to choose from, as degrees on the wheel of OKLCH. */
export const HUES = [25, 60, 105, 150, 195, 240, 285, 330] as const;

// prettier-ignore
const MOODS = [
  'Quiet', 'Early', 'Brave', 'Patient', 'Amber', 'Distant', 'Gentle', 'Wry', 'Nimble', 'Northern', 'Silver', 'Merry',
  'Steady', 'Curious', 'Sunlit', 'Restless', 'Dapper', 'Humble', 'Lucky', 'Midnight', 'Plucky', 'Rainy', 'Solemn', 'Velvet',
] as const;
// prettier-ignore
const BIRDS = [
  'Heron', 'Wren', 'Plover', 'Lark', 'Egret', 'Finch', 'Curlew', 'Swift', 'Osprey', 'Dunlin', 'Siskin', 'Avocet',
  'Kestrel', 'Magpie', 'Nightjar', 'Oriole', 'Petrel', 'Robin', 'Sandpiper', 'Tern', 'Warbler', 'Jackdaw', 'Ibis', 'Grebe',
] as const;

/** The same person after a reload; in a new tab the same name, if one was chosen, but another person. */
export function recallIdentity(): Identity {
  const kept = asRecord(tabMemory.read('identity'));
  const chosen = asRecord(browserMemory.read('identity'));
  const identity: Identity = {
    key: textOf(kept['key']) ?? crypto.randomUUID(),
    tab: textOf(kept['tab']) ?? crypto.randomUUID(),
    name: textOf(kept['name']) ?? textOf(chosen['name']) ?? `${pick(MOODS)} ${pick(BIRDS)}`,
    hue: numberOf(kept['hue']) ?? numberOf(chosen['hue']) ?? pick(HUES),
  };
  tabMemory.write('identity', identity);
  return identity;
}

/** Remembers a name and a colour that were chosen. */
export function keepIdentity(identity: Identity): void {
  tabMemory.write('identity', identity);
  browserMemory.write('identity', { name: identity.name, hue: identity.hue });
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && value.length <= Math.max(40, limits.nameLength)
    ? value
    : undefined;
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 360 ? value : undefined;
}

function pick<T>(from: readonly T[]): T {
  // Never out of range: the lists above are not empty, and random() is below 1.
  return from[Math.floor(Math.random() * from.length)]!;
}
