// A picture of figures over time, with the figures themselves for who does not look at pictures.

import { html, useEffect, useRef } from './html.js';

const HEIGHT = 200;
const LABEL_PX = 76; // that a moment takes below the picture
const MINUTE_S = 60;
const DAY_S = 86400;

const library = () => import('../../libraries/uplot.js');

/** A colour of the stylesheet as a canvas takes it: resolved for the scheme that is on. */
function color(name) {
  const probe = document.createElement('span');
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const resolved = getComputedStyle(probe).color;
  probe.remove();
  return resolved;
}

/** Marks of the axis: the hour within a day, the day where one begins, as the reader's browser writes it. Days come as
 * midnight of UTC, whatever the reader's zone. */
function momentsOf(step) {
  const zone = step >= DAY_S ? { timeZone: 'UTC' } : {};
  const day = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric', ...zone });
  const hour = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', ...(step < MINUTE_S && { second: '2-digit' }), hourCycle: 'h23' });
  let before = null;
  return (at) => {
    const moment = new Date(at * 1000);
    const date = day.format(moment);
    const isNew = date !== before;
    before = date;
    if (step >= DAY_S) return date;
    return isNew ? `${hour.format(moment)}\n${date}` : hour.format(moment);
  };
}

/** Half a bar of room on either side, or else the first and the last are cut in two. */
const roomForBars = (plot, low, high) => {
  const half = plot.data[0].length > 1 ? (high - low) / (plot.data[0].length - 1) / 2 : DAY_S / 2;
  return [low - half, high + half];
};

function optionsOf(uPlot, { series, bars, time, width, range }) {
  const axis = { stroke: color('--quiet'), grid: { stroke: color('--line'), width: 1 }, ticks: { stroke: color('--line') } };
  return {
    width,
    height: HEIGHT,
    cursor: { y: false },
    legend: { show: series.length > 1, live: false },
    scales: { x: { time, ...(bars && { range: roomForBars }) }, y: range ? { range } : {} },
    axes: [{ ...axis, space: LABEL_PX, ...(time && { values: (plot, marks, at, space, step) => marks.map(momentsOf(step)) }) }, { ...axis, size: 48 }],
    series: [{}, ...series.map((one, at) => ({
      label: one.label,
      stroke: color(`--series-${at + 1}`),
      fill: bars ? color(`--series-${at + 1}`) : undefined,
      width: 2,
      points: { show: false },
      paths: bars ? uPlot.paths.bars({ size: [0.7, 60] }) : undefined,
    }))],
  };
}

/**
 * label: what it shows. x: numbers, seconds since 1970 where `time`. series: [{label, values}]. bars: as such.
 * xText: how an x reads in the table. range: [from, to] of the values.
 */
export function Chart({ label, x, series, bars = false, time = true, range, xText = String }) {
  const box = useRef(null);
  const drawn = useRef(null);
  // A bar of nothing is no bar, and not a line on the ground.
  const data = [x, ...series.map((one) => (bars ? one.values.map((value) => value || null) : one.values))];
  const wish = JSON.stringify([data, series.map((one) => one.label)]);

  useEffect(() => {
    let gone = false;
    let plot = null;
    const draw = async () => {
      const { default: uPlot } = await library();
      if (gone) return;
      plot?.destroy();
      plot = drawn.current = new uPlot(optionsOf(uPlot, { series, bars, time, range, width: box.current.clientWidth }), data, box.current);
    };
    draw();
    const watch = new ResizeObserver(() => plot?.setSize({ width: box.current.clientWidth, height: HEIGHT }));
    watch.observe(box.current);
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    scheme.addEventListener('change', draw);
    addEventListener('lockstep-theme', draw);
    return () => {
      gone = true;
      watch.disconnect();
      scheme.removeEventListener('change', draw);
      removeEventListener('lockstep-theme', draw);
      plot?.destroy();
    };
  }, [wish]);

  return html`<figure class="chart">
    <div ref=${box} aria-hidden="true"></div>
    <details><summary>${label}: the figures</summary>
      <div class="table"><table><caption class="hidden">${label}</caption>
        <thead><tr><th scope="col">When</th>${series.map((one) => html`<th scope="col" class="numeric">${one.label}</th>`)}</tr></thead>
        <tbody>${x.map((at, row) => html`<tr><td>${xText(at)}</td>${series.map((one) => html`<td class="numeric">${one.values[row] ?? '–'}</td>`)}</tr>`)}</tbody>
      </table></div>
    </details>
  </figure>`;
}
