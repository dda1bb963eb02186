import { enter, expect, test } from './stage';

test('a script is played, edited, and tells what would be sent when and why', async ({
  page,
  stage,
  receiver,
}) => {
  await stage.endpoint(receiver.url, { event_types: ['ABANDONED_SESSION'] });
  await enter(page, `/m/${stage.merchant}/deliveries`);
  await page.getByRole('link', { name: 'Simulate' }).click();
  await expect(page.getByText('Nothing has been played yet')).toBeVisible();
  await page.getByRole('button', { name: 'Play' }).click();
  const outcome = page.getByRole('region', { name: 'Outcome' });
  await expect(outcome.getByRole('status')).toHaveText('3 events would fire.');
  await expect(outcome.getByText('15 minutes passed without any activity.')).toBeVisible();
  await expect(outcome.getByRole('link', { name: receiver.url })).toBeVisible();
  await outcome.getByText('Events only').click();
  await expect(page).toHaveURL(/show=events/);
  await expect(outcome.getByText('15 minutes passed without any activity.')).toHaveCount(0);

  await page.getByRole('combobox', { name: 'Begin with' }).click();
  await page.getByRole('option', { name: /Nobody is identified/ }).click();
  await expect(page.getByRole('textbox', { name: 'Script' })).toHaveValue(/Nobody is identified/);
  await page.getByRole('button', { name: 'Play' }).click();
  await expect(outcome.getByRole('status')).toHaveText('No event would fire.');

  await page.getByRole('textbox', { name: 'Script' }).fill('{"activities": [{"at": "soon", "type": "nothing"}]}');
  await page.getByRole('button', { name: 'Play' }).click();
  await expect(page.getByRole('alert')).toContainText('/activities/0/at');
  await page.getByRole('textbox', { name: 'Script' }).fill('{');
  await expect(page.getByRole('button', { name: 'Play' })).toBeDisabled();
  expect(receiver.requests).toBe(0);
});
