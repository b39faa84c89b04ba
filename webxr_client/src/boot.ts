/** What the page begins with: the server is asked while the page itself is still being read. */
import * as address from "./address.ts";
import { Session } from "./session.ts";
import { tierOf } from "./tier.ts";

export const tier = tierOf(navigator.userAgent, matchMedia("(pointer: coarse)").matches);
export const session = new Session(tier);
session.repository = address.repository();
session.open("");

void import("./main.ts");
