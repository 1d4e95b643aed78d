/** What a visitor does on the demo's page, and sees there. */
import type { Page } from 'playwright-core';

export async function say(page: Page, text: string): Promise<void> {
  await page.fill('#draft', text);
  await page.press('#draft', 'Enter');
}

/** Waits until the text was told, and returns how often it stands there. */
export async function tellings(page: Page, text: string): Promise<number> {
  const found = page.locator('#told .text').getByText(text, { exact: true });
  await found.first().waitFor();
  return found.count();
}

/** Waits until the inspector names one of these transports, and returns which. */
export async function transport(page: Page, ...names: string[]): Promise<string> {
  const shown = page.locator('#transport').filter({ hasText: new RegExp(`^(?:${names.join('|')})$`) });
  await shown.waitFor({ state: 'attached' });
  return (await shown.textContent()) ?? '';
}

/** Pastes a picture of so many pixels into what one writes. Noise, so that it does not compress well. */
export async function pastePicture(page: Page, width: number, height: number, type = 'image/png'): Promise<void> {
  await page.evaluate(
    async ([w, h, kind]) => {
      const canvas = new OffscreenCanvas(w, h);
      const context = canvas.getContext('2d')!;
      const pixels = context.createImageData(w, h);
      for (let at = 0; at < pixels.data.length; at += 1) pixels.data[at] = at % 4 === 3 ? 255 : Math.random() * 256;
      context.putImageData(pixels, 0, 0);
      const data = new DataTransfer();
      data.items.add(new File([await canvas.convertToBlob({ type: kind })], 'noise', { type: kind }));
      const event = new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true });
      document.getElementById('draft')!.dispatchEvent(event);
    },
    [width, height, type] as const,
  );
  await page.locator('#attached img').first().waitFor();
}

/** Waits until so many told pictures are really there, decoded, and returns the widths of their files. */
export async function pictureWidths(page: Page, count: number): Promise<number[]> {
  await page.waitForFunction((wanted) => {
    const images = [...document.querySelectorAll<HTMLImageElement>('#told .picture img')];
    return images.length === wanted && images.every((image) => image.complete && image.naturalWidth > 0);
  }, count);
  return page
    .locator('#told .picture img')
    .evaluateAll((images) => images.map((image) => (image as HTMLImageElement).naturalWidth));
}
