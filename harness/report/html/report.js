// Draws the charts of a report from the data beside it. Everything that can be read without them is in the page already.
'use strict';
(() => {
  const place = document.getElementById('charts');
  const said = document.getElementById('said');
  const root = document.documentElement;

  // --- Copying the command ---------------------------------------------------------------------------------------
  const copy = document.getElementById('copy');
  const command = document.getElementById('command');
  if (copy && navigator.clipboard) {
    copy.hidden = false;
    copy.addEventListener('click', async () => {
      try {
        await navigator.clipboard.writeText(command.textContent);
        copy.textContent = 'Copied';
      } catch (refused) {
        getSelection().selectAllChildren(command);
        copy.textContent = 'Selected';
      }
      setTimeout(() => { copy.textContent = 'Copy'; }, 2000);
    });
  }

  if (!place) return;
  const data = JSON.parse(document.getElementById('data').textContent);
  const whole = { min: data.from / 1000, max: data.to / 1000 };
  let view = { ...whole };
  let op = 0;
  let logarithmic = true;
  let charts = [];    // uPlot's, each with .refresh() of its legend
  let drawings = [];  // SVGs, each with .draw() and .point(t)
  let position = null;  // seconds; where the cursor is

  // --- Words -----------------------------------------------------------------------------------------------------
  const digits = (value) => (value < 9.995 ? value.toFixed(2) : value < 99.95 ? value.toFixed(1) : value.toFixed(0));
  const duration = (us) => {
    if (us === null || us === undefined) return '–';
    if (us < 999.5) return `${Math.round(us)} µs`;
    if (us < 999500) return `${digits(us / 1e3)} ms`;
    if (us < 119.5e6) return `${digits(us / 1e6)} s`;
    return `${Math.floor(us / 60e6)}m${String(Math.round(us / 1e6) % 60).padStart(2, '0')}s`;
  };
  const roughly = (us) => {  // for axes: no digits that say nothing
    const [value, unit] = us < 1000 ? [us, 'µs'] : us < 1e6 ? [us / 1e3, 'ms'] : [us / 1e6, 's'];
    return `${Number(value.toPrecision(3))} ${unit}`;
  };
  const number = (value) => (value >= 99.95 ? Math.round(value).toLocaleString('en-US') : Number(value.toPrecision(3)).toString());
  const phaseAt = (t) => data.phases.filter((phase) => phase.from / 1000 <= t + 1e-9).pop();
  const moment = (t) => {
    const phase = phaseAt(t);
    return phase ? `${phase.name}+${(t - phase.from / 1000).toFixed(3)}s` : `${t.toFixed(3)}s`;
  };
  const clock = (t) => {
    if (Math.abs(whole.max - whole.min) < 180) return `${Number(t.toFixed(3))} s`.replace('-', '−');
    const sign = t < 0 ? '−' : '';
    const s = Math.abs(Math.round(t));
    return `${sign}${Math.floor(s / 60)}:${String(s % 60).padStart(2, '0')}`;
  };

  // --- Elements --------------------------------------------------------------------------------------------------
  const html = (name, attributes = {}, ...children) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  };
  const svg = (name, attributes = {}, ...children) => {
    const element = document.createElementNS('http://www.w3.org/2000/svg', name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  };
  const colour = (name) => getComputedStyle(root).getPropertyValue(`--${name}`).trim();
  const narrow = () => place.clientWidth < 620;
  const gutter = () => (narrow() ? 62 : 104);
  const right = 14;
  const plotWidth = () => Math.max(80, place.clientWidth - gutter() - right);

  // --- What is common to all: zoom and cursor ----------------------------------------------------------------------
  const zoom = (min, max) => {
    const least = (data.load ? data.load.width / 1000 : 0.01) * 4;
    const length = Math.min(Math.max(max - min, least), whole.max - whole.min);
    min = Math.max(whole.min, Math.min(min, whole.max - length));
    view = { min, max: min + length };
    for (const chart of charts) chart.setScale('x', view);
    for (const one of drawings) one.draw();
    reset.disabled = view.min === whole.min && view.max === whole.max;
    point(position);
  };
  const zoomBy = (factor) => {
    const centre = position === null ? (view.min + view.max) / 2 : position;
    zoom(centre - (centre - view.min) * factor, centre + (view.max - centre) * factor);
  };
  let busy = false;
  const point = (t, source) => {
    if (busy) return;
    busy = true;
    position = t !== null && t >= view.min && t <= view.max ? t : null;
    for (const chart of charts) {
      if (chart === source) continue;
      chart.setCursor(position === null ? { left: -10, top: -10 } : { left: chart.valToPos(position, 'x'), top: 4 });
    }
    for (const one of drawings) one.point(position);
    for (const chart of charts) chart.refresh();
    now.textContent = position === null ? '' : moment(position);
    busy = false;
  };

  // --- Tools -----------------------------------------------------------------------------------------------------
  const button = (label, action, title) => {
    const element = html('button', { type: 'button', ...(title ? { title, 'aria-label': title } : {}) }, label);
    element.addEventListener('click', action);
    return element;
  };
  const tools = html('div', { class: 'tools', role: 'toolbar', 'aria-label': 'Charts' });
  const reset = button('Whole run', () => zoom(whole.min, whole.max), 'Show the whole run');
  reset.disabled = true;
  const now = html('output', { class: 'now' });
  if (data.load && data.load.ops.length > 2) {
    const group = html('span', { class: 'choice', role: 'group', 'aria-label': 'Operations' });
    data.load.ops.forEach((one, i) => {
      const choice = button(one.op || 'all operations', () => {
        op = i;
        for (const other of group.children) other.setAttribute('aria-pressed', String(other === choice));
        build();
      });
      choice.setAttribute('aria-pressed', String(i === 0));
      group.append(choice);
    });
    tools.append(group);
  }
  if (data.load || data.probes.length > 0) {
    const box = html('input', { type: 'checkbox', checked: '' });
    box.addEventListener('change', () => { logarithmic = box.checked; build(); });
    tools.append(html('label', { class: 'switch' }, box, ' log scale'));
  }
  tools.append(html('span', { class: 'zoom' }, button('+', () => zoomBy(0.5), 'Zoom in'),
                    button('−', () => zoomBy(2), 'Zoom out'), reset), now);
  place.append(tools);

  // --- Panels ----------------------------------------------------------------------------------------------------
  const panel = (title, unit) => {
    const legend = html('div', { class: 'legend' });
    const body = html('div', { class: 'plot' });
    place.append(html('figure', { class: 'panel' },
                      html('figcaption', {}, html('b', {}, title), unit ? html('span', { class: 'quiet' }, ` ${unit}`) : '', legend),
                      body));
    return { legend, body };
  };
  const bands = (chart, stacked) => {  // phases and fault windows, over the grid; over areas their edges only
    const { ctx, bbox } = chart;
    const x = (t) => Math.min(bbox.left + bbox.width, Math.max(bbox.left, chart.valToPos(t, 'x', true)));
    ctx.save();
    ctx.fillStyle = colour(stacked ? 'fault' : 'band');
    for (const fault of data.faults) {
      const [from, to] = [x(fault.from / 1000), x(fault.to / 1000)];
      if (to <= bbox.left || from >= bbox.left + bbox.width) continue;
      if (!stacked) ctx.fillRect(from, bbox.top, Math.max(to - from, devicePixelRatio), bbox.height);
      for (const edge of stacked ? [from, to] : []) {
        if (edge > bbox.left && edge < bbox.left + bbox.width) ctx.fillRect(Math.round(edge), bbox.top, Math.ceil(1.5 * devicePixelRatio), bbox.height);
      }
    }
    ctx.strokeStyle = colour('phase');
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio]);
    for (const phase of data.phases) {
      const at = Math.round(chart.valToPos(phase.from / 1000, 'x', true)) + 0.5;
      if (at <= bbox.left + 1 || at >= bbox.left + bbox.width) continue;
      ctx.beginPath();
      ctx.moveTo(at, bbox.top);
      ctx.lineTo(at, bbox.top + bbox.height);
      ctx.stroke();
    }
    ctx.restore();
  };
  const keys = (body, steps) => {
    body.addEventListener('keydown', (event) => {
      const index = () => {
        if (position === null) return event.key === 'ArrowLeft' ? steps.length : -1;
        let found = 0;
        while (found + 1 < steps.length && steps[found + 1] <= position + 1e-9) ++found;
        return found;
      };
      const go = (to) => {
        const t = steps[Math.max(0, Math.min(to, steps.length - 1))];
        if (t < view.min || t > view.max) {
          const length = view.max - view.min;
          zoom(t - length / 2, t + length / 2);
        }
        point(t);
        said.textContent = `${moment(t)}: ${charts.map((chart) => chart.words()).filter(Boolean).join('; ')}`;
      };
      const pace = event.shiftKey ? 10 : 1;
      const actions = {
        ArrowRight: () => go(index() + pace), ArrowLeft: () => go(index() - pace),
        Home: () => go(0), End: () => go(steps.length - 1),
        '+': () => zoomBy(0.5), '-': () => zoomBy(2), Escape: () => { zoom(whole.min, whole.max); point(null); },
      };
      if (!actions[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      actions[event.key]();
    });
  };

  // series: { key, label, values, shown (what the legend says of index i), width, dash, fill }
  const plot = ({ title, unit, label, x, series, y, axis, height, stacked, rug, paths }) => {
    const { legend, body } = panel(title, unit);
    const hidden = plot.hidden[title] ??= new Set();
    body.tabIndex = 0;
    body.setAttribute('role', 'group');
    body.setAttribute('aria-label', `${label}. Left and right arrows move along time, plus and minus zoom, Escape shows the whole run.`);
    const stack = () => {  // what is drawn first is the sum, and the next ones lie on it
      if (!stacked) return [x, ...series.map((one) => one.values)];
      const sums = [];
      let below = new Array(x.length).fill(0);
      for (const one of [...series].reverse()) {
        if (!hidden.has(one.key)) below = below.map((sum, i) => sum + (one.values[i] || 0));
        sums.unshift(below.slice());
      }
      return [x, ...sums];
    };
    const options = {
      width: place.clientWidth, height, legend: { show: false }, padding: [8, right, 0, 0],
      cursor: {
        y: false, points: { size: 6 }, drag: { x: true, y: false, setScale: false },
        bind: { dblclick: () => () => { zoom(whole.min, whole.max); return null; } },
      },
      scales: { x: { time: false, auto: false, range: () => [view.min, view.max] }, y },
      axes: [
        { stroke: colour('quiet'), grid: { stroke: colour('grid'), width: 1 }, ticks: { show: false }, size: 26, gap: 4, font: font(),
          space: narrow() ? 60 : 80, values: (u, splits) => splits.map(clock) },
        { stroke: colour('quiet'), grid: { stroke: colour('grid'), width: 1 }, ticks: { show: false }, size: gutter(), gap: 8, font: font(),
          space: 28, ...axis },
      ],
      series: [{}, ...series.map((one) => ({
        label: one.label, show: !hidden.has(one.key), stroke: colour(one.key), width: one.width ?? 1.5, dash: one.dash,
        fill: one.fill ? colour(one.key) : undefined, spanGaps: one.spanGaps ?? false, paths,
        points: { show: stacked ? false : undefined, size: 4, fill: colour(one.key) },
      }))],
      hooks: {
        draw: [(chart) => { bands(chart, stacked); if (rug) rug(chart); }],
        setCursor: [(chart) => { if (!busy) point(chart.cursor.left >= 0 ? chart.posToVal(chart.cursor.left, 'x') : null, chart); }],
        setSelect: [(chart) => {
          const { left, width } = chart.select;
          if (width > 5) zoom(chart.posToVal(left, 'x'), chart.posToVal(left + width, 'x'));
          if (width > 0) chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        }],
      },
    };
    const chart = new uPlot(options, stack(), body);
    const outputs = series.map((one, i) => {
      const value = html('output', { class: 'value' });
      if (!one.label) {  // only a figure, no line
        legend.append(value);
        return value;
      }
      const key = html('button', { type: 'button', 'aria-pressed': String(!hidden.has(one.key)), title: `Show or hide ${one.label}` },
                       html('span', { class: `swatch ${one.key}${one.dash ? ' dashed' : ''}` }), ` ${one.label} `, value);
      key.addEventListener('click', () => {
        if (!hidden.delete(one.key)) hidden.add(one.key);
        key.setAttribute('aria-pressed', String(!hidden.has(one.key)));
        if (stacked) chart.setData(stack(), false);
        chart.setSeries(i + 1, { show: !hidden.has(one.key) });
      });
      legend.append(key);
      return value;
    });
    const index = () => {
      if (position === null) return null;
      if (!stacked) return chart.cursor.idx;
      let found = null;  // a step lasts until the next one
      for (let i = 0; i < x.length && x[i] <= position + 1e-9; ++i) found = i;
      return found;
    };
    chart.refresh = () => {
      const at = index();
      outputs.forEach((output, i) => { output.textContent = at === null || at === undefined ? '' : series[i].shown(at); });
    };
    chart.words = () => {
      const at = index();
      return at === null || at === undefined ? '' : series.map((one) => `${one.label} ${one.shown(at)}`.trim()).join(', ');
    };
    keys(body, data.load ? middles() : x);
    charts.push(chart);
  };
  plot.hidden = {};
  const font = () => `${root.classList.contains('printing') ? 10 : 12}px ${getComputedStyle(document.body).fontFamily}`;

  // --- Load ------------------------------------------------------------------------------------------------------
  const starts = () => data.load.ops[0].ok.map((unused, i) => (data.load.from + i * data.load.width) / 1000);
  const middles = () => starts().map((t) => t + data.load.width / 2000);
  const timeScale = () => (logarithmic
    ? { distr: 3, log: 10, range: (u, min, max) => (min === null ? [1, 10] : [min * 0.7, max * 1.6]) }
    : { range: (u, min, max) => [0, (max || 1) * 1.08] });
  const decades = (u, axis, min, max) => {
    const places = [];
    for (let power = 10 ** Math.floor(Math.log10(min)); power <= max; power *= 10) {
      for (const step of max / min > 60 ? [1] : [1, 2, 5]) if (power * step >= min && power * step <= max) places.push(power * step);
    }
    return places;
  };
  const timeAxis = () => ({
    values: (u, splits) => splits.map((us) => (us === null ? '' : roughly(us))),
    ...(logarithmic ? { splits: decades, filter: (u, splits) => splits } : {}),
  });
  const positive = (values) => (logarithmic ? values.map((us) => (us === null ? null : Math.max(us, 1))) : values);

  const latency = () => {
    const load = data.load.ops[op];
    const all = load.ok.map((ok, i) => ok + load.fail[i] + load.info[i] + load.dropped[i]);
    const series = ['max', 'p99', 'p90', 'p50'].filter((key) => load[key].some((us) => us !== null)).map((key) => ({
      key, label: key, values: positive(load[key]), shown: (i) => duration(load[key][i]),
      width: key === 'p50' ? 2 : 1.5, dash: key === 'max' ? [4, 3] : undefined,
    }));
    if (series.length === 0) return;
    series.push({ key: 'count', label: '', values: all.map(() => null), shown: (i) => `of ${number(all[i])}` });
    plot({ title: 'Response time', unit: 'from when an operation was due', label: 'Response time over time',
           x: middles(), series, y: timeScale(), axis: timeAxis(), height: narrow() ? 200 : 240 });
  };
  const outcomes = () => {
    const load = data.load.ops[op];
    const names = { dropped: 'dropped', info: 'unknown', fail: 'failed', ok: 'succeeded' };
    const rate = (count) => count / (data.load.width / 1000);
    const last = (values) => [...values, values[values.length - 1] ?? 0];
    const series = Object.keys(names).filter((key) => key === 'ok' || key === 'fail' || load[key].some(Boolean)).map((key) => ({
      key, label: names[key], values: last(load[key].map(rate)), fill: true, width: 0,
      shown: (i) => (i < load[key].length ? `${number(rate(load[key][i]))}/s` : '–'),
    }));
    const rug = (chart) => {  // one operation of thousands that failed is seen as well
      const { ctx, bbox } = chart;
      const x = (t) => chart.valToPos(t, 'x', true);
      ctx.save();
      ctx.beginPath();
      ctx.rect(bbox.left, 0, bbox.width, bbox.top + bbox.height);
      ctx.clip();
      starts().forEach((t, i) => {
        const key = ['fail', 'info', 'dropped'].find((one) => load[one][i] > 0);
        if (!key) return;
        ctx.fillStyle = colour(key);
        ctx.fillRect(x(t), bbox.top - 6 * devicePixelRatio, Math.max(x(t + data.load.width / 1000) - x(t), 2 * devicePixelRatio), 4 * devicePixelRatio);
      });
      ctx.restore();
    };
    plot({ title: 'Outcomes', unit: 'operations due per second, and what became of them', label: 'Outcomes of operations over time',
           x: last(starts()).map((t, i, all) => (i === all.length - 1 ? t + data.load.width / 1000 : t)), series, stacked: true, rug,
           paths: uPlot.paths.stepped({ align: 1 }), y: { range: (u, min, max) => [0, (max || 1) * 1.05] },
           axis: { values: (u, splits) => splits.map(number) }, height: narrow() ? 150 : 180 });
  };
  const probes = () => {
    const shown = data.probes.filter((row) => row.t.length > 1).slice(0, 8);
    if (shown.length === 0) return;
    const x = [...new Set(shown.flatMap((row) => row.t))].sort((a, b) => a - b);
    const place = new Map(x.map((t, i) => [t, i]));
    const series = shown.map((row, which) => {
      const values = new Array(x.length).fill(null);
      const failed = new Array(x.length).fill(0);
      row.t.forEach((t, i) => { values[place.get(t)] = row.took[i]; failed[place.get(t)] = row.failed[i]; });
      const near = (i) => {  // probes are not asked at the same instant
        for (let back = i; back >= 0; --back) if (values[back] !== null) return back;
        return -1;
      };
      return {
        key: `row-${which}`, label: [row.probe, row.node].filter(Boolean).join(' '), values: positive(values), spanGaps: true,
        shown: (i) => (near(i) < 0 ? '–' : `${duration(values[near(i)])}${failed[near(i)] ? ' failed' : ''}`),
      };
    });
    const more = data.probes.length - shown.length;
    plot({ title: 'Times of probes', unit: more > 0 ? `time to answer; the first 8 of ${data.probes.length}` : 'time to answer', label: 'Answers of probes over time',
           x: x.map((t) => t / 1000), series, y: timeScale(), axis: timeAxis(), height: narrow() ? 150 : 170 });
  };

  // --- Drawings along the same axis ----------------------------------------------------------------------------------
  const drawing = (title, unit, label, height, fill) => {
    const { legend, body } = panel(title, unit);
    const picture = svg('svg', { role: 'img', 'aria-label': label });
    const cursor = svg('line', { class: 'cursor', y1: 0 });
    body.append(picture);
    const x = (t) => gutter() + ((t - view.min) / (view.max - view.min)) * plotWidth();
    const inside = (t) => Math.min(Math.max(x(t), gutter()), gutter() + plotWidth());
    const one = {
      draw() {
        const width = place.clientWidth;
        picture.replaceChildren();
        for (const [key, value] of Object.entries({ width, height, viewBox: `0 0 ${width} ${height}` })) picture.setAttribute(key, value);
        for (const phase of data.phases) {
          const t = phase.from / 1000;
          if (t > view.min && t < view.max) picture.append(svg('line', { class: 'phase-line', x1: x(t), x2: x(t), y1: 0, y2: height }));
        }
        fill(picture, { x, inside, visible: (from, to) => to >= view.min && from <= view.max });
        cursor.setAttribute('y2', height);
        picture.append(cursor);
        one.point(position);
      },
      point(t) {
        cursor.setAttribute('visibility', t === null ? 'hidden' : 'visible');
        if (t === null) return;
        cursor.setAttribute('x1', x(t));
        cursor.setAttribute('x2', x(t));
      },
    };
    picture.addEventListener('mousemove', (event) => {
      const at = event.clientX - picture.getBoundingClientRect().left;
      point(at < gutter() ? null : view.min + ((at - gutter()) / plotWidth()) * (view.max - view.min));
    });
    picture.addEventListener('mouseleave', () => point(null));
    picture.addEventListener('dblclick', () => zoom(whole.min, whole.max));
    one.draw();
    drawings.push(one);
    return legend;
  };
  const tip = (words) => svg('title', {}, words);
  const fits = (words, width, size = 6.4) => {
    const most = Math.floor(width / size);
    return words.length <= most ? words : most < 4 ? '' : `${words.slice(0, most - 1)}…`;
  };
  const rowLabel = (words, y) => {  // of names that are too long the ends tell them apart
    const most = Math.floor((gutter() - 12) / 6.6);
    const short = words.length <= most ? words : `${words.slice(0, Math.ceil(most / 2) - 1)}…${words.slice(-Math.floor(most / 2))}`;
    return svg('text', { class: 'row-label', x: gutter() - 8, y }, short, tip(words));
  };

  const faultWords = (fault) => `${fault.name} (${fault.kind}) on ${fault.on.join(', ')}${fault.more ? ` and ${fault.more} more` : ''}, `
    + `${moment(fault.from / 1000)} to ${fault.reverted ? moment(fault.to / 1000) : 'the end'}: ${fault.words}`;
  const faults = () => {
    const most = 16;
    const names = [...new Set(data.faults.map((fault) => fault.name))];
    const rows = names.slice(0, most);
    const top = 24, pitch = 22;
    const more = names.length - rows.length;
    drawing('Phases and faults', more > 0 ? `the first ${most} of ${names.length} faults` : '',
            `Phases: ${data.phases.map((phase) => phase.name).join(', ')}. Faults: ${data.faults.slice(0, 20).map(faultWords).join('; ') || 'none'}.`,
            top + rows.length * pitch + 4, (picture, { x, inside, visible }) => {
      for (const phase of data.phases) {
        const [from, to] = [phase.from / 1000, phase.to / 1000];
        const width = inside(to) - inside(from);
        if (!visible(from, to) || width < 1) continue;
        picture.append(svg('g', { class: `phase ${phase.name === 'during' ? 'is-during' : ''}` }, tip(`${phase.name}, ${digits(to - from)} s`),
                           svg('rect', { x: inside(from) + 0.5, y: 2, width: Math.max(width - 1, 0.5), height: 17, rx: 2 }),
                           svg('text', { x: inside(from) + width / 2, y: 14.5 }, fits(phase.name, width - 6))));
      }
      rows.forEach((name, row) => {
        const y = top + row * pitch;
        picture.append(rowLabel(name, y + 13.5));
        for (const fault of data.faults.filter((one) => one.name === name)) {
          const [from, to] = [fault.from / 1000, fault.to / 1000];
          if (!visible(from, to)) continue;
          const width = Math.max(inside(to) - inside(from), 3);
          const words = `${fault.kind}${fault.on.length ? ` · ${fault.on.join(', ')}` : ''}${fault.more ? ' …' : ''}`;
          const left = inside(from) + 6;
          picture.append(svg('g', { class: `bar ${fault.effect}` }, tip(faultWords(fault)),
                             svg('rect', { x: inside(from), y, width, height: 18, rx: 2 }),
                             svg('text', { x: left, y: y + 13 }, fits(words, width - 12))));
        }
      });
    });
  };
  const mark = (what, unasked, x, y) => {
    if (what === 'exited') return svg('path', { class: `exit${unasked ? ' unasked' : ''}`, d: `M${x - 4},${y - 4}l8,8m0,-8l-8,8` });
    if (what === 'ready') return svg('path', { class: 'ready', d: `M${x},${y - 5}l4.5,8h-9z` });
    return svg('line', { class: 'tick', x1: x, x2: x, y1: y - 7, y2: y + 7 });
  };
  const lanes = () => {
    if (data.lanes.length === 0) return;
    const byId = new Map(data.faults.map((fault) => [fault.id, fault]));
    const pitch = 26;
    const legend = drawing('Nodes', '', `Lanes of ${data.lanes.map((lane) => lane.node).join(', ')}; the table of node events has the same.`,
                           data.lanes.length * pitch + 4, (picture, { x, inside, visible }) => {
      data.lanes.forEach((lane, row) => {
        const y = row * pitch + 4;
        picture.append(rowLabel(lane.node, y + 11));
        for (const [state, from, to] of lane.spans) {
          if (!visible(from / 1000, to / 1000)) continue;
          picture.append(svg('rect', { class: `state ${state}`, x: inside(from / 1000), y: y + 2, height: 10, rx: 2,
                                       width: Math.max(inside(to / 1000) - inside(from / 1000), 1) },
                             tip(`${lane.node} ${state}: ${moment(from / 1000)} to ${moment(to / 1000)}`)));
        }
        const used = [];  // faults that are on at once lie below one another
        for (const fault of lane.faults.map((id) => byId.get(id)).filter(Boolean)) {
          const [from, to] = [fault.from / 1000, fault.to / 1000];
          let level = used.findIndex((until) => until <= from);
          if (level < 0) level = used.length < 2 ? used.length : 1;
          used[level] = to;
          if (visible(from, to)) {
            picture.append(svg('rect', { class: 'on-node', x: inside(from), y: y + 14 + level * 4, height: 3,
                                         width: Math.max(inside(to) - inside(from), 2) }, tip(faultWords(fault))));
          }
        }
        for (const one of lane.marks) {
          const t = one.t / 1000;
          if (t < view.min || t > view.max) continue;
          const shape = mark(one.what, one.unasked, x(t), y + 7);
          shape.append(tip(`${lane.node} ${one.what}${one.detail ? `: ${one.detail}` : ''}, ${one.at}`));
          picture.append(shape);
        }
      });
    });
    const sample = (kind, words) => {
      const picture = svg('svg', { width: 16, height: 14, 'aria-hidden': 'true' });
      if (kind === 'exit' || kind === 'exit unasked') picture.append(mark('exited', kind !== 'exit', 8, 7));
      else if (kind === 'ready') picture.append(mark('ready', false, 8, 8));
      else picture.append(svg('rect', { class: kind, x: 1, y: kind === 'on-node' ? 6 : 2, width: 14, height: kind === 'on-node' ? 3 : 10, rx: 2 }));
      legend.append(html('span', { class: 'sample' }, picture, ` ${words}`));
    };
    const states = new Set(data.lanes.flatMap((lane) => lane.spans.map(([state]) => state)));
    for (const state of ['up', 'starting', 'paused', 'down']) if (states.has(state)) sample(`state ${state}`, state);
    const marks = data.lanes.flatMap((lane) => lane.marks);
    if (data.lanes.some((lane) => lane.faults.length)) sample('on-node', 'a fault on it');
    if (marks.some((one) => one.what === 'exited' && !one.unasked)) sample('exit', 'exited');
    if (marks.some((one) => one.unasked)) sample('exit unasked', 'exited, nobody asked');
    if (marks.some((one) => one.what === 'ready')) sample('ready', 'ready again');
  };
  const answers = () => {
    if (data.probes.length === 0) return;
    const pitch = 16;
    drawing('Answers of probes', 'a taller red tick is one that failed', `Answers of ${data.probes.length} probes; the table of probes has the same.`,
            data.probes.length * pitch + 4, (picture, { x }) => {
      data.probes.forEach((row, at) => {
        const y = at * pitch + 2;
        picture.append(rowLabel([row.probe, row.node].filter(Boolean).join(' '), y + 10));
        row.t.forEach((t, i) => {
          if (t / 1000 < view.min || t / 1000 > view.max) return;
          const why = row.failed[i] ? row.why.filter(([from]) => from <= i).pop() : null;
          picture.append(svg('rect', { class: row.failed[i] ? 'answer failed' : 'answer', x: x(t / 1000) - 1, y: row.failed[i] ? y : y + 2, width: 2.5, height: row.failed[i] ? 12 : 8 },
                             tip(`${moment(t / 1000)}: ${row.failed[i] ? `failed: ${why ? why[1] : ''}` : 'ok'}, ${duration(row.took[i])}`)));
        });
      });
    });
  };

  // --- All of it, again whenever the page's width or colours change ----------------------------------------------------
  const build = () => {
    for (const chart of charts) chart.destroy();
    charts = [];
    drawings = [];
    position = null;
    now.textContent = '';
    for (const old of place.querySelectorAll('.panel')) old.remove();
    faults();
    if (data.load) {
      latency();
      outcomes();
    }
    lanes();
    answers();
    probes();
    root.dataset.charts = String(charts.length);
  };
  build();
  let width = place.clientWidth;
  new ResizeObserver(() => {
    if (place.clientWidth === width || place.clientWidth === 0) return;
    width = place.clientWidth;
    build();
  }).observe(place);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', build);
  const closed = [];
  addEventListener('beforeprint', () => {
    root.classList.add('printing');
    for (const one of document.querySelectorAll('details:not([open])')) {
      if (one.classList.contains('as-table')) continue;
      one.open = true;
      closed.push(one);
    }
    build();
  });
  addEventListener('afterprint', () => {
    root.classList.remove('printing');
    for (const one of closed.splice(0)) one.open = false;
    build();
  });
})();
