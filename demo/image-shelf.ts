/** The images that the chat remembers, bounded in bytes. At the bound the oldest go; their messages stay. */
export class ImageShelf {
  private readonly images = new Map<string, Buffer<ArrayBuffer>>();
  private readonly mostBytes: number;
  private heldBytes = 0;

  constructor(mostBytes: number) {
    this.mostBytes = mostBytes;
  }

  put(room: string, id: string, bytes: Buffer<ArrayBuffer>): void {
    this.images.set(keyOf(room, id), bytes);
    this.heldBytes += bytes.length;
    for (const oldest of this.images.keys()) {
      if (this.heldBytes <= this.mostBytes) return;
      this.remove(oldest);
    }
  }

  get(room: string, id: string): Buffer<ArrayBuffer> | undefined {
    return this.images.get(keyOf(room, id));
  }

  drop(room: string, id: string): void {
    this.remove(keyOf(room, id));
  }

  private remove(key: string): void {
    this.heldBytes -= this.images.get(key)?.length ?? 0;
    this.images.delete(key);
  }
}

/** Neither part can hold a slash. */
function keyOf(room: string, id: string): string {
  return `${room}/${id}`;
}
