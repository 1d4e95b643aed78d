/** Pictures from the clipboard, a drop or the disk, made fit to send. */
import { limits } from '../limits.ts';
import type { ImageFacts } from '../events.ts';

export interface Picture extends ImageFacts {
  readonly blob: Blob;
}

/** Sent as they are, if they are small enough. Not JPEG: photographs carry where they were taken, which nobody meant to send. */
const AS_THEY_ARE = new Set(['image/png', 'image/gif', 'image/webp']);

/** Tried in turn until one is small enough: a part of the size allowed, and the quality. */
const ATTEMPTS: readonly (readonly [scale: number, quality: number])[] = [
  [1, 0.86],
  [1, 0.7],
  [0.7, 0.7],
  [0.5, 0.6],
  [0.3, 0.5],
];

/** @throws Error with a message for people, where this can't be sent */
export async function takePicture(file: Blob): Promise<Picture> {
  const name = file instanceof File && file.name !== '' ? `“${file.name}”` : 'That';
  const bitmap = await createImageBitmap(file).catch(() => {
    throw new Error(`${name} is not a picture that this browser can read. Try a PNG, JPEG, GIF or WebP.`);
  });
  try {
    const { width, height } = bitmap;
    const fits = file.size <= limits.imageBytes && Math.max(width, height) <= 2 * limits.imageEdge;
    if (fits && AS_THEY_ARE.has(file.type)) return { blob: file, width, height };
    for (const [scale, quality] of ATTEMPTS) {
      const picture = await draw(bitmap, scale * limits.imageEdge, quality);
      if (picture.blob.size <= limits.imageBytes) return picture;
    }
  } finally {
    bitmap.close();
  }
  throw new Error(
    `${name} stays above ${limits.imageBytes / 1000} kB however small it is made. Crop it, or try another.`,
  );
}

/** Draws it so that its longer edge has at most `edge` pixels. */
async function draw(bitmap: ImageBitmap, edge: number, quality: number): Promise<Picture> {
  const scale = Math.min(1, edge / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = canvas.getContext('2d');
  if (context !== null) {
    // JPEG, which every browser can write, knows no transparency.
    context.fillStyle = 'white';
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  }
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/jpeg', quality));
  if (blob === null) throw new Error('This browser could not draw that picture.');
  return { blob, width: canvas.width, height: canvas.height };
}

/** The pictures among what was pasted or dropped. */
export function picturesIn(data: DataTransfer | null): File[] {
  return [...(data?.files ?? [])].filter((file) => file.type.startsWith('image/'));
}
