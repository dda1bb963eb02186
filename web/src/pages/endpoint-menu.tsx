import { ActionIcon, Menu } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import { IconDots, IconEdit, IconListDetails, IconPlayerPause, IconPlayerPlay, IconSend, IconTrash } from '@tabler/icons-react';
import { Link } from 'react-router';
import type { Endpoint, Owner } from '../api/endpoints';
import { words } from '../api/errors';
import { EndpointDelete } from '../forms/endpoint-delete';
import { paths } from '../path-builder';
import { EFFECT, useToggle } from './endpoint-toggle';

/** What can be done with an endpoint from a list. */
export function EndpointMenu({
  owner,
  endpoint,
  refused,
}: {
  owner: Owner;
  endpoint: Endpoint;
  refused: string | undefined;
}) {
  const [deleting, { open, close }] = useDisclosure();
  const toggle = useToggle(owner, endpoint);
  return (
    <>
      <Menu position="bottom-end" withinPortal>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" aria-label={`Actions for ${endpoint.url}`}>
            <IconDots size={16} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {refused && <Menu.Label>{refused}</Menu.Label>}
          <Menu.Item
            leftSection={<IconSend size={16} />}
            component={Link}
            to={paths.endpointOf(owner, endpoint.id, 'test')}
            disabled={!!refused}
          >
            Send test
          </Menu.Item>
          {owner.merchantId !== undefined && (
            <Menu.Item
              leftSection={<IconListDetails size={16} />}
              component={Link}
              to={paths.deliveries(owner.merchantId, { endpoint_id: endpoint.id })}
            >
              View log
            </Menu.Item>
          )}
          <Menu.Item
            leftSection={<IconEdit size={16} />}
            component={Link}
            to={paths.editEndpoint(owner, endpoint.id)}
            disabled={!!refused}
          >
            Edit
          </Menu.Item>
          <Menu.Item
            leftSection={endpoint.enabled ? <IconPlayerPause size={16} /> : <IconPlayerPlay size={16} />}
            disabled={!!refused}
            onClick={() =>
              toggle.mutate(undefined, {
                onSuccess: ({ enabled }) =>
                  notifications.show({
                    title: enabled ? 'Enabled' : 'Disabled',
                    message: enabled ? EFFECT.enable : EFFECT.disable,
                  }),
                onError: (error) => notifications.show({ color: 'red', message: words(error) }),
              })
            }
          >
            {endpoint.enabled ? 'Disable' : 'Enable'}
          </Menu.Item>
          <Menu.Item
            leftSection={<IconTrash size={16} />}
            c="var(--mantine-color-red-text)"
            disabled={!!refused}
            onClick={open}
          >
            Delete
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {deleting && <EndpointDelete owner={owner} endpoint={endpoint} onClose={close} />}
    </>
  );
}
