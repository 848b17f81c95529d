import { Alert, Button, Text } from "@mantine/core";
import { ApiError } from "../api/client";
import { FILTER_NAMES, useSetParameters } from "../filters/useFilters";

const NO_FILTERS = Object.fromEntries(FILTER_NAMES.map((name) => [name, null]));

interface FailureProps {
  error: Error;
  onRetry: () => void;
  /** Whether older figures are still on the page. */
  isStale?: boolean;
}

/** What went wrong, in the API's own words, and a way to ask again. */
export function Failure({ error, onRetry, isStale = false }: FailureProps) {
  const setParameters = useSetParameters();
  const isQuestionWrong = error instanceof ApiError && error.status === 422;
  const title = error instanceof ApiError ? error.title : "The page failed";
  return (
    <Alert
      color="red"
      title={isQuestionWrong ? "These filters cannot be used" : title}
      role="alert"
      my="md"
    >
      <Text size="sm" mb="sm">
        {error.message}
        {isStale && " The figures below are from before."}
      </Text>
      {isQuestionWrong ? (
        <Button size="xs" variant="default" onClick={() => setParameters(NO_FILTERS)}>
          Show the last hour of everything
        </Button>
      ) : (
        <Button size="xs" variant="default" onClick={onRetry}>
          Ask again
        </Button>
      )}
    </Alert>
  );
}
