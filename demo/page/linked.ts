import { element } from './element.ts';

const LINK = /\bhttps?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]]/giu;

/** The text with its web addresses made into links, as nodes. A link opens elsewhere, and is told nothing of this page. */
export function linked(text: string): (Node | string)[] {
  const nodes: (Node | string)[] = [];
  let end = 0;
  for (const { 0: address, index } of text.matchAll(LINK)) {
    nodes.push(
      text.slice(end, index),
      element('a', {
        text: address,
        attributes: { href: address, target: '_blank', rel: 'noopener noreferrer nofollow' },
      }),
    );
    end = index + address.length;
  }
  nodes.push(text.slice(end));
  return nodes;
}
