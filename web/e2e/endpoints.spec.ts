import { PASSWORD, enter, expect, test } from './stage';

test('an endpoint is added, tested, rotated, paused and deleted', async ({ page, stage, receiver }) => {
  await enter(page, `/m/${stage.merchant}/deliveries`);
  // The platform has a page of that name too.
  await expect(page.getByRole('heading', { name: 'Deliveries' })).toBeVisible();
  await page.getByRole('link', { name: 'Endpoints' }).click();
  await expect(page.getByText('No endpoint yet')).toBeVisible();
  await expect(page.getByRole('region', { name: 'First event' })).toContainText(stage.merchant);
  await page.getByRole('link', { name: 'Add endpoint' }).click();
  await page.getByLabel('URL').fill(receiver.url);
  await page.getByLabel('Description').fill('<b>CRM</b> of the shop');
  await page.getByRole('radio', { name: 'FlexyPe' }).check();
  await page.getByRole('searchbox', { name: 'Search events' }).fill('customer');
  await page.getByRole('checkbox', { name: 'NEW_CUSTOMER' }).check();
  await page.getByRole('button', { name: 'Add endpoint' }).click();
  await expect(page.getByText(/^whsec_/)).toBeVisible();
  await page.getByRole('link', { name: 'Go on to the endpoint' }).click();
  await expect(page.getByText('<b>CRM</b> of the shop')).toBeVisible();

  await page.getByRole('tab', { name: 'Secret' }).click();
  await page.getByRole('button', { name: 'Reveal' }).click();
  const secret = page.getByText(/^whsec_/);
  const before = await secret.textContent();
  await page.getByRole('button', { name: 'Rotate' }).click();
  await expect(page.getByText('The old signing secret signs too')).toBeVisible();
  await expect(secret).not.toHaveText(before ?? '');
  await page.getByRole('button', { name: 'Hide' }).click();
  await expect(secret).toHaveCount(0);

  await page.getByRole('button', { name: 'Disable' }).click();
  await expect(page.getByText('It receives nothing')).toBeVisible();
  await page.getByRole('button', { name: 'Enable' }).click();
  await expect(page.getByText('It receives nothing')).toHaveCount(0);

  await page.getByRole('button', { name: 'Delete' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByText('Nothing waits for it.')).toBeVisible();
  await expect(dialog.getByRole('button', { name: 'Delete' })).toBeDisabled();
  await dialog.getByRole('textbox').fill(new URL(receiver.url).host);
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByText('No endpoint yet')).toBeVisible();
});

test('what is wrong with an endpoint is said beside the field', async ({ page, stage }) => {
  await enter(page, `/m/${stage.merchant}/endpoints/new`);
  await expect(page.getByRole('button', { name: 'Add endpoint' })).toBeDisabled();
  await page.getByLabel('URL').fill('http://10.0.0.1/hooks');
  await page.getByRole('checkbox', { name: 'All of Standard Webhooks' }).check();
  await page.getByRole('button', { name: 'Add header' }).click();
  await page.getByLabel('Name of header 1').fill('Host');
  await page.getByLabel('Value of header 1').fill('elsewhere');
  await page.getByRole('radio', { name: 'Use one of your own' }).check();
  await page.getByLabel('Your secret').fill('too short');
  await expect(page.getByText('It is whsec_ and the base64 of 24 to 64 bytes.')).toBeVisible();
  await page.getByRole('radio', { name: 'Make one' }).check();
  await page.getByRole('button', { name: 'Add endpoint' }).click();
  await expect(page.getByRole('alert').filter({ hasText: 'It was not added' })).toBeVisible();
  await expect(page.getByLabel('URL')).toHaveAttribute('aria-invalid', 'true');
});

test('a reserved header is refused by name', async ({ page, stage, receiver }) => {
  await enter(page, `/m/${stage.merchant}/endpoints/new`);
  await page.getByLabel('URL').fill(receiver.url);
  await page.getByRole('checkbox', { name: 'All of Standard Webhooks' }).check();
  await page.getByRole('button', { name: 'Add header' }).click();
  await page.getByLabel('Name of header 1').fill('Webhook-Id');
  await page.getByLabel('Value of header 1').fill('mine');
  await page.getByRole('button', { name: 'Add endpoint' }).click();
  await expect(page.getByLabel('Name of header 1')).toHaveAttribute('aria-invalid', 'true');
  await expect(page.getByText('This header is set by Hookyard and may not be overridden.')).toBeVisible();
});

test('an edit shows what it changes, keeps headers it does not show, and is not lost by mistake', async ({
  page,
  stage,
  receiver,
}) => {
  const made = await stage.endpoint(receiver.url, { headers: { 'X-Team': 'shop', 'X-Old': 'gone soon' } });
  await enter(page, `/m/${stage.merchant}/endpoints/${made.id}/edit`);
  await expect(page.getByRole('button', { name: 'Save' })).toBeDisabled();
  await page.getByLabel('Description').fill('of the shop');
  await page.getByRole('link', { name: 'Leave it' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Stay here' }).click();
  await page.getByRole('button', { name: 'Remove header 1' }).click();
  await page.getByRole('checkbox', { name: 'NEW_CUSTOMER' }).check();
  await page.getByLabel('Timeout').fill('5s');
  await expect(page.getByText('timeout: none → 5s')).toBeVisible();
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('tab', { name: 'Overview' })).toBeVisible();
  const saved = await stage.call('GET', `/merchants/${stage.merchant}/endpoints/${made.id}`);
  expect(saved).toMatchObject({ description: 'of the shop', timeout: '5s', schedule: ['1h'] });
  expect(saved.event_types).toEqual(['NEW_CUSTOMER', 'PRODUCT_VIEWED']);
  expect(Object.keys(saved.headers)).toHaveLength(1);
});

test('a test carries the payload as it was typed and shows the answer in place', async ({
  page,
  stage,
  receiver,
}) => {
  const made = await stage.endpoint(receiver.url, { event_types: ['NEW_CUSTOMER', 'PRODUCT_VIEWED'] });
  await enter(page, `/m/${stage.merchant}/endpoints/${made.id}?tab=test`);
  await page.getByRole('combobox', { name: 'Event type' }).click();
  await page.getByRole('option', { name: 'PRODUCT_VIEWED' }).click();
  await expect(page.getByLabel('Payload')).toHaveValue(/product_viewed/);
  await page.getByLabel('Payload').fill('{"id": 12345678901234567890,');
  await expect(page.getByText('This is no JSON object')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Send test' })).toBeDisabled();
  receiver.answer = { status: 503, body: '' };
  await page.getByLabel('Payload').fill('{"id": 12345678901234567890, "total": 10.00}');
  await page.getByRole('button', { name: 'Send test' }).click();
  await expect.poll(() => receiver.bodies).toHaveLength(1);
  expect(receiver.bodies[0]).toContain('{"id": 12345678901234567890, "total": 10.00}');
  await expect(page.getByRole('heading', { name: 'Response' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'More about not accepted (opens in a new tab)' })).toBeVisible();
});

test('a list is searched and filtered by its address, and its rows act', async ({ page, stage, receiver }) => {
  const first = await stage.endpoint(receiver.url, { description: 'The CRM' });
  await stage.endpoint(receiver.url, { description: 'Its twin', event_types: ['NEW_CUSTOMER'] });
  await enter(page, `/m/${stage.merchant}/endpoints?q=twin`);
  await expect(page.getByText('Its twin')).toBeVisible();
  await expect(page.getByText('same URL twice')).toBeVisible();
  await expect(page.getByText('The CRM')).toHaveCount(0);
  await page.getByRole('searchbox', { name: 'Search' }).fill(first.id);
  await expect(page.getByText('The CRM')).toBeVisible();
  await page.getByRole('button', { name: `Actions for ${receiver.url}` }).click();
  await page.getByRole('menuitem', { name: 'Disable' }).click();
  await expect(page.getByText('by hand')).toBeVisible();
  await page.goto(`/m/${stage.merchant}/endpoints?state=working&event_type=PRODUCT_VIEWED`);
  await expect(page.getByText('No endpoint matches')).toBeVisible();
  await page.getByRole('searchbox', { name: 'Search' }).pressSequentially('no such one');
  await expect(page).toHaveURL(/q=no\+such\+one/);
  await page.getByRole('button', { name: 'Clear filters' }).click();
  await expect(page.getByRole('row')).toHaveCount(3);
  await expect(page.getByRole('searchbox', { name: 'Search' })).toHaveValue('');
});

test('a failing endpoint says why and what to do, and what failed is retried', async ({
  page,
  stage,
  receiver,
}) => {
  receiver.answer = { status: 404, body: 'no such place' };
  const made = await stage.endpoint(receiver.url, { schedule: [] });
  await stage.publish();
  await expect
    .poll(async () => (await stage.call('GET', `/merchants/${stage.merchant}/deliveries?status=failed`)).data)
    .toHaveLength(1);
  await enter(page, `/m/${stage.merchant}/endpoints/${made.id}`);
  await expect(page.getByText('It fails: answered 404')).toBeVisible();
  await expect(page.getByText(/check the URL of the endpoint/)).toBeVisible();
  await expect(page.getByRole('link', { name: 'More about not accepted (opens in a new tab)' })).toBeVisible();
  await expect(page.getByText(/owners and developers are mailed half-way to that/)).toBeVisible();
  receiver.answer = { status: 200, body: '' };
  await page.getByRole('button', { name: 'Retry these' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Retry' }).click();
  await expect(page).toHaveURL(/retry-jobs\/job_/);
  await expect.poll(() => receiver.requests).toBe(2);
});

test('a viewer reads an endpoint and is told what they may not do', async ({ page, stage, receiver }) => {
  const made = await stage.endpoint(receiver.url);
  const email = await stage.person('viewer');
  await enter(page, `/m/${stage.merchant}/endpoints/${made.id}?tab=secret`, email, PASSWORD);
  const reveal = page.getByRole('button', { name: 'Reveal' });
  await expect(reveal).toBeDisabled();
  await expect(reveal).toHaveAccessibleDescription('This takes the role developer; yours is viewer.');
  await page.getByRole('tab', { name: 'Verify' }).click();
  await expect(page.getByRole('region', { name: 'JavaScript code' })).toContainText('x-flexype-authorization');
  await page.getByRole('combobox', { name: 'Language' }).click();
  await page.getByRole('option', { name: 'Python' }).click();
  await expect(page.getByRole('region', { name: 'Python code' })).toContainText('compare_digest');
  await expect(page).toHaveURL(/language=Python/);
});

test('an endpoint tells how it has done, as charts and as tables', async ({ page, stage, receiver }) => {
  const made = await stage.endpoint(receiver.url, { schedule: [] });
  await stage.publish();
  await expect.poll(() => receiver.requests).toBe(1);
  receiver.answer = { status: 503, body: '' };
  await stage.publish();
  await expect.poll(() => receiver.requests).toBe(2);
  const stats = `/merchants/${stage.merchant}/endpoints/${made.id}/stats?range=24h`;
  await expect.poll(async () => (await stage.call('GET', stats)).totals).toMatchObject({ succeeded: 1, failed: 1 });
  await enter(page, `/m/${stage.merchant}/endpoints/${made.id}`);
  await expect(page.getByRole('group', { name: 'Error rate' })).toContainText('50 %');
  await expect(page.getByRole('group', { name: 'Waiting now' })).toContainText('0');
  const chart = page.getByRole('region', { name: 'Succeeded and failed', exact: true });
  await expect(chart.getByRole('img')).toBeVisible();
  await chart.getByText('Table').click();
  await expect(chart.getByRole('row')).toHaveCount(2);
  await expect(page.getByRole('region', { name: 'By event type' })).toContainText('PRODUCT_VIEWED');
  await page.getByRole('region', { name: 'By answer' }).getByRole('link', { name: 'answered 503' }).click();
  await expect(page).toHaveURL(/http_status=503/);
  await page.goBack();
  await page.getByText('7 days').click();
  await expect(page).toHaveURL(/range=7d/);
  await page.goto(`/m/${stage.merchant}/endpoints`);
  await expect(page.getByRole('img', { name: '1 succeeded, 1 failed' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'answered 503' })).toBeVisible();
});

test('a request that a receiver got is checked against the secret', async ({ page, stage, receiver }) => {
  const made = await stage.endpoint(receiver.url);
  await stage.publish();
  await expect.poll(() => receiver.requests).toBe(1);
  await enter(page, `/m/${stage.merchant}/endpoints/${made.id}?tab=verify`);
  await page.getByLabel('Headers').fill(receiver.headers[0] ?? '');
  await page.getByLabel('Body').fill(receiver.bodies[0] ?? '');
  await page.getByRole('button', { name: 'Check' }).click();
  await expect(page.getByRole('status')).toContainText('signed exactly this');
  await page.getByLabel('Body').fill('{}');
  await page.getByRole('button', { name: 'Check' }).click();
  await expect(page.getByRole('status')).toContainText('does not fit');
});

test('a URL is judged while it is typed, and called on request', async ({ page, stage, receiver }) => {
  await enter(page, `/m/${stage.merchant}/endpoints/new`);
  const verdict = page.getByRole('status', { name: 'Verdict' });
  await page.getByLabel('URL').fill('http://10.0.0.1/hooks');
  await expect(page.getByLabel('URL')).toHaveAttribute('aria-invalid', 'true');
  await expect(page.getByRole('button', { name: 'Try to reach it' })).toBeDisabled();
  await page.getByLabel('URL').fill(receiver.url.replace('http://', 'HTTP://'));
  await expect(verdict).toContainText(`is kept as ${receiver.url}`);
  await page.getByRole('button', { name: 'Try to reach it' }).click();
  const steps = page.getByRole('region', { name: 'How calling it went' });
  await expect(steps.getByRole('listitem').filter({ hasText: 'Send a request' })).toContainText('200');
  expect(receiver.bodies).toEqual(['{}']);
  await page.getByLabel('URL').fill(receiver.url);
  await expect(verdict).toHaveText(/as it is/);
  await expect(steps).toHaveCount(0);

  // Nothing listens there.
  await page.getByLabel('URL').fill('http://127.0.0.1:9/hooks');
  await expect(verdict).toHaveText(/as it is/);
  await page.getByRole('button', { name: 'Try to reach it' }).click();
  await expect(steps.getByRole('listitem').filter({ hasText: 'Connect' }).getByLabel('Failed')).toBeVisible();
  await expect(steps.getByRole('link', { name: 'More about how calls end (opens in a new tab)' })).toBeVisible();
});

test('ops pause an endpoint, which says so, and resume it', async ({ page, stage, receiver }) => {
  const made = await stage.endpoint(receiver.url);
  await enter(page, `/m/${stage.merchant}/endpoints/${made.id}`);
  await page.getByRole('button', { name: 'Pause this endpoint' }).click();
  await page.getByRole('dialog').getByLabel('Why').fill('Moving the receiver');
  await page.getByRole('dialog').getByRole('button', { name: 'Pause' }).click();
  await expect(page.getByText('Deliveries are held back')).toBeVisible();
  await stage.publish();
  await expect(page.getByRole('group', { name: 'Waiting now' })).toContainText('1', { timeout: 30_000 });
  await page.goto(`/m/${stage.merchant}/endpoints?state=paused`);
  await expect(page.getByRole('link', { name: receiver.url })).toBeVisible();
  await page.getByRole('link', { name: receiver.url }).click();
  expect(receiver.requests).toBe(0);
  // The banner of all pages can resume it too.
  const banner = page.getByRole('region', { name: 'Paused' });
  await expect(banner).toContainText('Moving the receiver');
  await page.getByRole('button', { name: 'Resume this endpoint' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Resume' }).click();
  await expect.poll(() => receiver.requests).toBe(1);
  await expect(page.getByText('Deliveries are held back')).toHaveCount(0);
});
