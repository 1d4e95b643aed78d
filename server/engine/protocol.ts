/** The revision of Engine.IO that this server speaks. */
export const protocol = 4;
