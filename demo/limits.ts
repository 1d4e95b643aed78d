/** What bounds the chat, for the server that enforces it and the page that explains it. */
export const limits = {
  /** Characters of a person's name. */
  nameLength: 24,
  /** Characters of a room's name. */
  roomLength: 32,
  /** Characters of one message. */
  textLength: 2_000,
  /** Bytes of one image. In base64, as polling carries it, this still fits the engine's `maxHttpBufferSize` of 1,000,000. */
  imageBytes: 600_000,
  /** Pixels of an image's longer edge; the page scales larger ones down. */
  imageEdge: 1_600,
  /** Rooms at once. At the bound the room that has been empty for longest goes. */
  rooms: 64,
  /** Rooms that one connection may be in. */
  roomsEach: 12,
  /** Messages that a room remembers. */
  history: 100,
  /** Bytes of images that the server remembers, over all rooms. At the bound the oldest go. */
  imagesBytes: 64_000_000,
  /** People of a room that are listed by name; the rest are counted. */
  peopleListed: 100,
  /** Messages that one person may send at once … */
  messageBurst: 10,
  /** … and what comes back each second. */
  messagesPerSecond: 1.5,
  /** Events of any kind that one connection may send at once; past that it is flooding, and is disconnected. */
  eventBurst: 120,
  eventsPerSecond: 30,
} as const;
