// A day as a picture to share: scenarios and activities with their durations, without the device.

import { known, runs, totals } from "./day.js";
import { el } from "./dom.js";
import { pastWords } from "./headline.js";
import { colour, ink, short } from "./palette.js";
import { clock, dayName, duration, ticks, zoneName } from "./time.js";

const [WIDTH, HEIGHT, SCALE, MARGIN] = [1200, 675, 2, 56];
const [BLOCKS_TOP, BLOCKS_TALL, LISTS_TOP, LINE] = [220, 84, 392, 36];
const ROWS = 6;
const [GROUND, INK, QUIET, ROOM] = ["#fbfaf8", "#17191d", "#5d626b", "#efece6"];
const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';

// Saves what is drawn of a day.
export async function save({ from, to, scenarios, activities }) {
  const byScenario = totals(scenarios, ({ leading }) => leading, from, to);
  const [headline, detail] = pastWords(byScenario, scenarios, activities);
  const picture = await png({
    date: dayName(from), headline, detail, from, to,
    blocks: runs(scenarios, ({ leading }) => leading),
    scenarios: byScenario, activities: totals(activities, known, from, to),
  });
  const href = URL.createObjectURL(picture);
  el("a", { href, download: `egolog-${dayName(from).replaceAll(/[ ,]+/g, "-")}.png` }).click();
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
}

// Returns a PNG. `from` and `to` are the day's; `blocks` have `name`, `start` and `end`; `scenarios` and
// `activities` are totals with `name` and `time`, the longest first.
async function png(day) {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: WIDTH * SCALE, height: HEIGHT * SCALE });
  const pen = canvas.getContext("2d");
  pen.scale(SCALE, SCALE);
  paint(pen, day);
  return new Promise((done) => { canvas.toBlob(done, "image/png"); });
}

function paint(pen, { date, headline, detail, from, to, blocks, scenarios, activities }) {
  pen.fillStyle = GROUND;
  pen.fillRect(0, 0, WIDTH, HEIGHT);
  write(pen, date, MARGIN, 74, 22, QUIET);
  write(pen, headline, MARGIN, 126, 46, INK, 700, WIDTH - 2 * MARGIN);
  write(pen, detail, MARGIN, 166, 22, QUIET, 400, WIDTH - 2 * MARGIN);
  paintBlocks(pen, blocks, from, to);
  const half = (WIDTH - 3 * MARGIN) / 2;
  paintTotals(pen, "Scenarios", scenarios, MARGIN, half, colour);
  paintTotals(pen, "Activities", activities, 2 * MARGIN + half, half, () => "#2f5d8c");
  write(pen, `EgoLog · times in ${zoneName()}`, MARGIN, HEIGHT - 24, 15, QUIET);
}

function paintBlocks(pen, blocks, from, to) {
  const wide = WIDTH - 2 * MARGIN;
  const x = (at) => MARGIN + ((at - from) / (to - from)) * wide;
  pen.fillStyle = ROOM;
  pen.fillRect(MARGIN, BLOCKS_TOP, wide, BLOCKS_TALL);
  for (const { name, start, end } of blocks) {
    const left = x(Math.max(start, from));
    const room = x(Math.min(end, to)) - left;
    pen.fillStyle = colour(name);
    pen.fillRect(left, BLOCKS_TOP, Math.max(1, room - 1), BLOCKS_TALL);
    pen.font = `600 16px ${FONT}`;
    if (pen.measureText(short(name)).width < room - 16) {
      write(pen, short(name), left + 8, BLOCKS_TOP + BLOCKS_TALL / 2 + 6, 16, ink(colour(name)), 600);
    }
  }
  for (const at of ticks(from, to, 8).at) {
    pen.textAlign = "center";
    write(pen, clock(at), x(at), BLOCKS_TOP + BLOCKS_TALL + 26, 16, QUIET);
    pen.textAlign = "left";
  }
}

function paintTotals(pen, title, totals, left, wide, paintOf) {
  write(pen, title, left, LISTS_TOP, 18, INK, 700);
  const most = totals[0]?.time ?? 1;
  totals.slice(0, ROWS).forEach(({ name, time }, row) => {
    const y = LISTS_TOP + 30 + row * LINE;
    write(pen, name, left, y, 17, INK, 400, wide - 110);
    pen.textAlign = "right";
    write(pen, duration(time), left + wide, y, 17, QUIET);
    pen.textAlign = "left";
    pen.fillStyle = ROOM;
    pen.fillRect(left, y + 7, wide, 6);
    pen.fillStyle = paintOf(name);
    pen.fillRect(left, y + 7, wide * (time / most), 6);
  });
}

function write(pen, text, x, y, size, paint, weight = 400, most = undefined) {
  pen.font = `${weight} ${size}px ${FONT}`;
  pen.fillStyle = paint;
  pen.fillText(text, x, y, most);
}
