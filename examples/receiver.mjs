// A receiver of mjgate's webhooks that needs nothing but Node.
//
//     WEBHOOK_SECRET=whsec_... node receiver.mjs 9000

import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const SECRET = Buffer.from(process.env.WEBHOOK_SECRET.replace(/^whsec_/, ""), "base64");
const OLDEST = 5 * 60; // seconds

const seen = new Set(); // keep these where they outlive the process

/** Whether the gateway signed this, just now. */
function verified(headers, body) {
  const event = headers["webhook-id"] ?? "";
  const stamp = headers["webhook-timestamp"] ?? "";
  if (!/^\d+$/.test(stamp) || Math.abs(Date.now() / 1000 - Number(stamp)) > OLDEST) return false;
  const mac = createHmac("sha256", SECRET).update(`${event}.${stamp}.`).update(body);
  const expected = Buffer.from(`v1,${mac.digest("base64")}`);
  return (headers["webhook-signature"] ?? "").split(" ").some((each) => {
    const given = Buffer.from(each);
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
}

/** Your own work; for anything slow put the task into a queue of yours and return. */
function changed(task) {
  console.log(task.id, task.status, task.progress, task.failReason ?? task.imageUrl);
}

createServer(async (request, response) => {
  const parts = [];
  for await (const part of request) parts.push(part);
  const body = Buffer.concat(parts);
  if (!verified(request.headers, body)) {
    response.writeHead(401).end();
    return;
  }
  const event = request.headers["webhook-id"];
  if (!seen.has(event)) {
    changed(JSON.parse(body));
    seen.add(event);
  }
  response.writeHead(204).end();
}).listen(Number(process.argv[2] ?? 9000), "127.0.0.1");
