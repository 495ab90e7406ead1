// A test-only stand-in for crictl on the test bed's nodes, because Debian has no crictl package.
//
// It speaks real CRI to a real containerd, takes the options of crictl that kubeadm and kfleet use, prints the JSON
// of crictl 1.29 and later, and fails with its words. Users' nodes carry the real crictl; nothing of this is shipped.
//
// Built inside the Kubernetes source tree (scripts/lib/kubernetes.sh), whose vendored API it uses.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1"
)

const defaultEndpoint = "unix:///run/containerd/containerd.sock"

type object = map[string]interface{}

// client is one connection to the runtime, with the API package that it was found to speak.
type client struct {
	conn     *grpc.ClientConn
	endpoint string
	timeout  time.Duration
	api      string
}

// options are what stands before and after the command; the ones that crictl takes only on one side are
// accepted on both.
type options struct {
	endpoint, output          string
	timeout                   time.Duration
	quiet, all, force, noTrim bool
	args                      []string
}

func main() {
	opts := parseArgs(os.Args[1:])
	if len(opts.args) == 0 {
		fmt.Println("NAME:\n   crictl - client for CRI (test stand-in)")
		return
	}
	command, args := opts.args[0], opts.args[1:]
	if command == "--version" || command == "-v" {
		fmt.Println("crictl version v1.29.0")
		return
	}
	commands := map[string]func(*client, options, []string) error{
		"info": info, "version": version, "imagefsinfo": imageFsInfo, "pods": pods, "ps": containers,
		"stopp": stopPods, "rmp": removePods, "stop": stopContainers, "rm": removeContainers,
		"images": images, "image": images, "inspecti": inspectImage, "pull": pull,
	}
	run, known := commands[command]
	if !known {
		fmt.Fprintf(os.Stderr, "No help topic for '%s'\n", command)
		os.Exit(3)
	}
	c, err := connect(opts)
	if err == nil {
		err = run(c, opts, args)
	}
	if err != nil {
		fatal(err)
	}
}

func parseArgs(argv []string) options {
	opts := options{endpoint: configuredEndpoint(), timeout: 2 * time.Second}
	for i := 0; i < len(argv); i++ {
		name, value := argv[i], ""
		if !strings.HasPrefix(name, "-") {
			opts.args = append(opts.args, name)
			continue
		}
		equals := strings.Index(name, "=")
		if equals > 0 {
			name, value = name[:equals], name[equals+1:]
		}
		// the value of an option that has one: after "=", else the next word
		take := func() string {
			if equals < 0 && i+1 < len(argv) {
				i++
				return argv[i]
			}
			return value
		}
		switch name {
		case "-r", "--runtime-endpoint":
			opts.endpoint = take()
		case "-i", "--image-endpoint", "-c", "--config", "--state", "-s", "--name", "--pod", "-p":
			take()
		case "-t", "--timeout":
			opts.timeout = duration(take())
		case "-o", "--output":
			opts.output = take()
		case "-q", "--quiet":
			opts.quiet = true
		case "-a", "--all":
			opts.all = true
		case "-f", "--force":
			opts.force = true
		case "-fa", "-af":
			opts.force, opts.all = true, true
		case "-aq", "-qa":
			opts.quiet, opts.all = true, true
		case "--no-trunc":
			opts.noTrim = true
		case "-D", "--debug":
		case "-v", "--version":
			opts.args = append(opts.args, name)
		default:
			fmt.Fprintf(os.Stderr, "Incorrect Usage: flag provided but not defined: %s\n", name)
			os.Exit(1)
		}
	}
	return opts
}

// configuredEndpoint is what holds without -r: the environment, then /etc/crictl.yaml.
func configuredEndpoint() string {
	if endpoint := os.Getenv("CONTAINER_RUNTIME_ENDPOINT"); endpoint != "" {
		return endpoint
	}
	if text, err := os.ReadFile("/etc/crictl.yaml"); err == nil {
		match := regexp.MustCompile(`(?m)^runtime-endpoint:\s*"?([^"\s]+)`).FindSubmatch(text)
		if match != nil {
			return string(match[1])
		}
	}
	return defaultEndpoint
}

// duration reads "60s" and, as older crictl took it, a bare number of seconds.
func duration(text string) time.Duration {
	if seconds, err := strconv.Atoi(text); err == nil {
		return time.Duration(seconds) * time.Second
	}
	value, err := time.ParseDuration(text)
	if err != nil {
		fmt.Fprintf(os.Stderr, "Incorrect Usage: invalid value %q for flag -timeout: parse error\n", text)
		os.Exit(1)
	}
	if value == 0 {
		value = 2 * time.Second
	}
	return value
}

// fatal prints as logrus does: a short form on a terminal, key=value in a pipe, which is what kubeadm shows.
func fatal(err error) {
	if info, statErr := os.Stderr.Stat(); statErr == nil && info.Mode()&os.ModeCharDevice != 0 {
		fmt.Fprintf(os.Stderr, "FATA[0000] %s\n", err)
	} else {
		fmt.Fprintf(os.Stderr, "time=%q level=fatal msg=%q\n", time.Now().Format(time.RFC3339), err.Error())
	}
	os.Exit(1)
}

// connect dials and finds out which CRI API is served: v1, or v1alpha2 whose messages are the same on the wire.
func connect(opts options) (*client, error) {
	endpoint := opts.endpoint
	if !strings.Contains(endpoint, "://") {
		endpoint = "unix://" + endpoint
	}
	ctx, cancel := context.WithTimeout(context.Background(), opts.timeout)
	defer cancel()
	dialer := func(ctx context.Context, path string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", path)
	}
	conn, err := grpc.DialContext(ctx, strings.TrimPrefix(endpoint, "unix://"), grpc.WithInsecure(), grpc.WithBlock(),
		grpc.FailOnNonTempDialError(true), grpc.WithContextDialer(dialer),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(16<<20)))
	if err != nil {
		return nil, fmt.Errorf("validate service connection: validate CRI v1 runtime API for endpoint %q: "+
			"rpc error: code = Unavailable desc = connection error: desc = %q", endpoint, "transport: Error while dialing: "+err.Error())
	}
	c := &client{conn: conn, endpoint: endpoint, timeout: opts.timeout, api: "runtime.v1"}
	err = c.call("RuntimeService/Version", &cri.VersionRequest{}, &cri.VersionResponse{})
	if status.Code(err) == codes.Unimplemented {
		first := err
		c.api = "runtime.v1alpha2"
		if err = c.call("RuntimeService/Version", &cri.VersionRequest{}, &cri.VersionResponse{}); err != nil {
			return nil, fmt.Errorf("validate service connection: CRI v1 runtime API is not implemented for endpoint %q: %w", endpoint, first)
		}
	} else if err != nil {
		return nil, fmt.Errorf("validate service connection: validate CRI v1 runtime API for endpoint %q: %w", endpoint, err)
	}
	return c, nil
}

func (c *client) call(method string, request, response interface{}) error {
	ctx, cancel := context.WithTimeout(context.Background(), c.timeout)
	defer cancel()
	return c.conn.Invoke(ctx, "/"+c.api+"."+method, request, response)
}

func printJSON(value interface{}) error {
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(value)
}

// 64-bit numbers are strings in protobuf's JSON.
func i64(n int64) string  { return strconv.FormatInt(n, 10) }
func u64(n uint64) string { return strconv.FormatUint(n, 10) }

// pair keeps an order that a map would lose: crictl prints "status" before the runtime's own sections.
type pair struct {
	key   string
	value interface{}
}

func printOrdered(pairs []pair) error {
	var text strings.Builder
	text.WriteString("{")
	for i, p := range pairs {
		value, err := json.MarshalIndent(p.value, "  ", "  ")
		if err != nil {
			return err
		}
		if i > 0 {
			text.WriteString(",")
		}
		fmt.Fprintf(&text, "\n  %q: %s", p.key, value)
	}
	text.WriteString("\n}")
	fmt.Println(text.String())
	return nil
}

func info(c *client, _ options, _ []string) error {
	var response cri.StatusResponse
	if err := c.call("RuntimeService/Status", &cri.StatusRequest{Verbose: true}, &response); err != nil {
		return fmt.Errorf("getting status of runtime: %w", err)
	}
	// structs where crictl's order of keys shows; a map's keys come out sorted
	type condition struct {
		Type    string `json:"type"`
		Status  bool   `json:"status"`
		Reason  string `json:"reason"`
		Message string `json:"message"`
	}
	conditions := []condition{}
	for _, c := range response.GetStatus().GetConditions() {
		conditions = append(conditions, condition{c.Type, c.Status, c.Reason, c.Message})
	}
	pairs := []pair{{"status", object{"conditions": conditions}}}
	keys := []string{}
	for key := range response.Info {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	for _, key := range keys {
		// each section is a JSON text of its own; what is no JSON is printed as the string that it is
		var value interface{} = json.RawMessage(response.Info[key])
		if !json.Valid([]byte(response.Info[key])) {
			value = strings.Trim(response.Info[key], `"`)
		}
		pairs = append(pairs, pair{key, value})
	}
	return printOrdered(pairs)
}

func version(c *client, _ options, _ []string) error {
	var response cri.VersionResponse
	if err := c.call("RuntimeService/Version", &cri.VersionRequest{}, &response); err != nil {
		return fmt.Errorf("getting the runtime version: %w", err)
	}
	fmt.Printf("Version:  %s\nRuntimeName:  %s\nRuntimeVersion:  %s\nRuntimeApiVersion:  %s\n",
		response.Version, response.RuntimeName, response.RuntimeVersion, response.RuntimeApiVersion)
	return nil
}

func imageFsInfo(c *client, _ options, _ []string) error {
	var response cri.ImageFsInfoResponse
	if err := c.call("ImageService/ImageFsInfo", &cri.ImageFsInfoRequest{}, &response); err != nil {
		return fmt.Errorf("image filesystem info request: %w", err)
	}
	type value struct {
		Value string `json:"value"`
	}
	type filesystem struct {
		Timestamp  string `json:"timestamp"`
		FsID       object `json:"fsId"`
		UsedBytes  value  `json:"usedBytes"`
		InodesUsed value  `json:"inodesUsed"`
	}
	type status struct {
		ImageFilesystems     []filesystem `json:"imageFilesystems"`
		ContainerFilesystems []filesystem `json:"containerFilesystems"`
	}
	result := status{[]filesystem{}, []filesystem{}}
	for _, fs := range response.ImageFilesystems {
		result.ImageFilesystems = append(result.ImageFilesystems, filesystem{
			i64(fs.Timestamp), object{"mountpoint": fs.GetFsId().GetMountpoint()},
			value{u64(fs.GetUsedBytes().GetValue())}, value{u64(fs.GetInodesUsed().GetValue())}})
	}
	return printJSON(object{"status": result})
}

// trim shortens an ID as crictl's tables do.
func trim(opts options, id string) string {
	if opts.noTrim || len(id) <= 13 {
		return id
	}
	return id[:13]
}

func ago(nanoseconds int64) string {
	return time.Since(time.Unix(0, nanoseconds)).Truncate(time.Second).String() + " ago"
}

// table prints rows of tab-separated cells.
func table(rows []string) error {
	writer := tabwriter.NewWriter(os.Stdout, 0, 8, 4, ' ', 0)
	fmt.Fprintln(writer, strings.Join(rows, "\n"))
	return writer.Flush()
}

func listPods(c *client) ([]*cri.PodSandbox, error) {
	var response cri.ListPodSandboxResponse
	if err := c.call("RuntimeService/ListPodSandbox", &cri.ListPodSandboxRequest{}, &response); err != nil {
		return nil, fmt.Errorf("listing pod sandboxes: %w", err)
	}
	return response.Items, nil
}

func pods(c *client, opts options, _ []string) error {
	items, err := listPods(c)
	if err != nil {
		return err
	}
	rows := []string{"POD ID\tCREATED\tSTATE\tNAME\tNAMESPACE\tATTEMPT\tRUNTIME"}
	list := []object{}
	for _, pod := range items {
		meta := pod.GetMetadata()
		if opts.quiet {
			fmt.Println(pod.Id)
		}
		state := "Ready"
		if pod.State != cri.PodSandboxState_SANDBOX_READY {
			state = "NotReady"
		}
		rows = append(rows, fmt.Sprintf("%s\t%s\t%s\t%s\t%s\t%d\t%s", trim(opts, pod.Id), ago(pod.CreatedAt), state,
			meta.GetName(), meta.GetNamespace(), meta.GetAttempt(), "(default)"))
		list = append(list, object{"id": pod.Id, "state": pod.State.String(), "createdAt": i64(pod.CreatedAt),
			"metadata": object{"name": meta.GetName(), "uid": meta.GetUid(), "namespace": meta.GetNamespace(), "attempt": meta.GetAttempt()},
			"labels":   labels(pod.Labels), "annotations": labels(pod.Annotations), "runtimeHandler": pod.RuntimeHandler})
	}
	return printList(opts, "items", list, rows)
}

func containers(c *client, opts options, _ []string) error {
	items, err := listContainers(c, !opts.all)
	if err != nil {
		return err
	}
	rows := []string{"CONTAINER\tIMAGE\tCREATED\tSTATE\tNAME\tATTEMPT\tPOD ID"}
	list := []object{}
	for _, container := range items {
		meta := container.GetMetadata()
		if opts.quiet {
			fmt.Println(container.Id)
		}
		state := strings.Title(strings.ToLower(strings.TrimPrefix(container.State.String(), "CONTAINER_")))
		rows = append(rows, fmt.Sprintf("%s\t%s\t%s\t%s\t%s\t%d\t%s", trim(opts, container.Id), trim(opts, container.ImageRef),
			ago(container.CreatedAt), state, meta.GetName(), meta.GetAttempt(), trim(opts, container.PodSandboxId)))
		list = append(list, object{"id": container.Id, "podSandboxId": container.PodSandboxId, "state": container.State.String(),
			"metadata": object{"name": meta.GetName(), "attempt": meta.GetAttempt()},
			"image":    object{"image": container.GetImage().GetImage(), "annotations": object{}}, "imageRef": container.ImageRef,
			"createdAt": i64(container.CreatedAt), "labels": labels(container.Labels), "annotations": labels(container.Annotations)})
	}
	return printList(opts, "containers", list, rows)
}

func labels(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}

// printList chooses among the three outputs of a listing; the quiet one was printed while it was read.
func printList(opts options, key string, list []object, rows []string) error {
	switch {
	case opts.quiet:
		return nil
	case opts.output == "json":
		return printJSON(object{key: list})
	default:
		return table(rows)
	}
}

func listContainers(c *client, runningOnly bool) ([]*cri.Container, error) {
	filter := &cri.ContainerFilter{}
	if runningOnly {
		filter.State = &cri.ContainerStateValue{State: cri.ContainerState_CONTAINER_RUNNING}
	}
	var response cri.ListContainersResponse
	if err := c.call("RuntimeService/ListContainers", &cri.ListContainersRequest{Filter: filter}, &response); err != nil {
		return nil, fmt.Errorf("listing containers: %w", err)
	}
	return response.Containers, nil
}

func stopPods(c *client, _ options, ids []string) error {
	return each(ids, func(id string) error {
		if err := c.call("RuntimeService/StopPodSandbox", &cri.StopPodSandboxRequest{PodSandboxId: id}, &cri.StopPodSandboxResponse{}); err != nil {
			return fmt.Errorf("stopping the pod sandbox %q: %w", id, err)
		}
		fmt.Printf("Stopped sandbox %s\n", id)
		return nil
	})
}

// removePods stops each sandbox before it removes it when forced, and takes all of them with -a.
func removePods(c *client, opts options, ids []string) error {
	if opts.all {
		items, err := listPods(c)
		if err != nil {
			return err
		}
		for _, pod := range items {
			ids = append(ids, pod.Id)
		}
	}
	return each(ids, func(id string) error {
		if opts.force {
			if err := stopPods(c, opts, []string{id}); err != nil {
				return err
			}
		}
		if err := c.call("RuntimeService/RemovePodSandbox", &cri.RemovePodSandboxRequest{PodSandboxId: id}, &cri.RemovePodSandboxResponse{}); err != nil {
			return fmt.Errorf("removing the pod sandbox %q: %w", id, err)
		}
		fmt.Printf("Removed sandbox %s\n", id)
		return nil
	})
}

func stopContainers(c *client, _ options, ids []string) error {
	return each(ids, func(id string) error {
		if err := c.call("RuntimeService/StopContainer", &cri.StopContainerRequest{ContainerId: id}, &cri.StopContainerResponse{}); err != nil {
			return fmt.Errorf("stopping the container %q: %w", id, err)
		}
		fmt.Println(id)
		return nil
	})
}

func removeContainers(c *client, opts options, ids []string) error {
	if opts.all {
		items, err := listContainers(c, false)
		if err != nil {
			return err
		}
		for _, container := range items {
			ids = append(ids, container.Id)
		}
	}
	return each(ids, func(id string) error {
		if err := c.call("RuntimeService/RemoveContainer", &cri.RemoveContainerRequest{ContainerId: id}, &cri.RemoveContainerResponse{}); err != nil {
			return fmt.Errorf("removing container %q: %w", id, err)
		}
		fmt.Println(id)
		return nil
	})
}

// each goes on after a failure, as crictl does, and reports the last one.
func each(ids []string, do func(string) error) error {
	var last error
	for _, id := range ids {
		if err := do(id); err != nil {
			last = err
		}
	}
	return last
}

func images(c *client, opts options, _ []string) error {
	var response cri.ListImagesResponse
	if err := c.call("ImageService/ListImages", &cri.ListImagesRequest{}, &response); err != nil {
		return fmt.Errorf("listing images: %w", err)
	}
	rows := []string{"IMAGE\tIMAGE ID\tSIZE"}
	list := []object{}
	for _, image := range response.Images {
		if opts.quiet {
			fmt.Println(image.Id)
		}
		rows = append(rows, fmt.Sprintf("%s\t%s\t%d", strings.Join(image.RepoTags, ","), trim(opts, image.Id), image.Size_))
		list = append(list, object{"id": image.Id, "repoTags": image.RepoTags, "repoDigests": image.RepoDigests, "size": u64(image.Size_)})
	}
	return printList(opts, "images", list, rows)
}

func inspectImage(c *client, _ options, ids []string) error {
	return each(ids, func(id string) error {
		var response cri.ImageStatusResponse
		request := &cri.ImageStatusRequest{Image: &cri.ImageSpec{Image: id}}
		if err := c.call("ImageService/ImageStatus", request, &response); err != nil {
			return fmt.Errorf("image status for %q request: %w", id, err)
		}
		if response.Image == nil {
			return fmt.Errorf("no such image %q present", id)
		}
		return printJSON(object{"status": object{"id": response.Image.Id, "repoTags": response.Image.RepoTags,
			"repoDigests": response.Image.RepoDigests, "size": u64(response.Image.Size_)}})
	})
}

func pull(c *client, _ options, names []string) error {
	if len(names) != 1 {
		return fmt.Errorf("image name cannot be empty")
	}
	// a pull takes as long as it takes; crictl has no deadline for it either
	ctx := context.Background()
	request := &cri.PullImageRequest{Image: &cri.ImageSpec{Image: names[0]}}
	var response cri.PullImageResponse
	if err := c.conn.Invoke(ctx, "/"+c.api+".ImageService/PullImage", request, &response); err != nil {
		return fmt.Errorf("pulling image: %w", err)
	}
	fmt.Printf("Image is up to date for %s\n", response.ImageRef)
	return nil
}
