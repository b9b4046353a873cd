package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// options are the flags and variables of `k3s server` that this node honours (https://docs.k3s.io/cli/server). Any other
// flag is refused by name, never ignored.
type options struct {
	dataDir, nodeName, kubeconfig, kubeconfigMode, clusterCIDR, serviceCIDR, token string
	port                                                                           int
	tlsSANs, disable                                                               []string
	nodeIP                                                                         string
}

func newNodeCommand() *cobra.Command {
	root := &cobra.Command{Use: "node", Short: "A single-node Kubernetes that speaks the interface of the k3s image", SilenceUsage: true}
	o := &options{}
	server := &cobra.Command{Use: "server", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		ctx, stop := signal.NotifyContext(c.Context(), syscall.SIGTERM, syscall.SIGINT)
		defer stop()
		return o.run(ctx)
	}}
	hostname, _ := os.Hostname()
	f := server.Flags()
	f.StringVar(&o.dataDir, "data-dir", "/var/lib/rancher/k3s", "what outlives the container")
	f.StringVar(&o.nodeName, "node-name", env("K3S_NODE_NAME", hostname), "name of the Node")
	f.StringVarP(&o.kubeconfig, "write-kubeconfig", "o", env("K3S_KUBECONFIG_OUTPUT", "/etc/rancher/k3s/k3s.yaml"), "administrator's kubeconfig")
	f.StringVar(&o.kubeconfigMode, "write-kubeconfig-mode", env("K3S_KUBECONFIG_MODE", "600"), "its mode, octal")
	f.StringVar(&o.clusterCIDR, "cluster-cidr", "10.42.0.0/16", "addresses of pods")
	f.StringVar(&o.serviceCIDR, "service-cidr", "10.43.0.0/16", "addresses of services; CoreDNS takes the tenth")
	f.StringVar(&o.token, "token", env("K3S_TOKEN", ""), "accepted for k3s's sake: a single node admits no other")
	f.IntVar(&o.port, "https-listen-port", 6443, "port of the API")
	f.StringArrayVar(&o.tlsSANs, "tls-san", nil, "further names and addresses in the API's certificate")
	f.StringSliceVar(&o.disable, "disable", nil, "packaged parts to leave out: coredns, traefik, local-storage, metrics-server")
	root.AddCommand(server)
	return root
}

func env(name, otherwise string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return otherwise
}

// run starts every part and holds them until one ends or the container is told to stop.
func (o *options) run(ctx context.Context) error {
	began := time.Now()
	say := func(what string) { fmt.Fprintf(os.Stderr, "node: %6.2f s  %s\n", time.Since(began).Seconds(), what) }

	ip, err := prepareHost()
	if err != nil {
		return err
	}
	o.nodeIP = ip
	parts, err := o.controlPlane()
	if err != nil {
		return fmt.Errorf("certificates and kubeconfigs: %w", err)
	}
	if err := o.writeConfigs(); err != nil {
		return err
	}
	say("certificates and configuration written")

	group, ctx := errgroup.WithContext(ctx)
	start := func(command ...string) { group.Go(func() error { return runPart(ctx, command) }) }
	start("containerd", "--config", containerdConfig)
	start(parts["etcd"]...)
	start(parts["kube-apiserver"]...)
	start("coredns", "-conf", nodeCorefile, "-quiet")

	imported := make(chan error, 1)
	go func() {
		err := importImages(ctx, filepath.Join(o.dataDir, "agent/images"))
		say("packaged images imported")
		imported <- err
	}()

	group.Go(func() error {
		client, err := newClient()
		if err != nil {
			return err
		}
		// The kubelet needs no more than its own rights, which the API knows from the start; the others fail or wait long
		// where they come before the API's default roles.
		if err := waitForAPI(ctx, client, "/readyz/ping"); err != nil {
			return err
		}
		say("API serves")
		start(o.kubeletCommand()...)
		if err := waitForAPI(ctx, client, "/readyz"); err != nil {
			return err
		}
		say("API ready")
		start(parts["kube-controller-manager"]...)
		start(parts["kube-scheduler"]...)
		start(o.proxyCommand()...)
		if err := o.publishKubeconfig(); err != nil {
			return err
		}
		group.Go(func() error { return announceLoadBalancers(ctx, client, o.nodeIP) })
		group.Go(func() error { return enforceNetworkPolicies(ctx, client) })
		if err := <-imported; err != nil {
			return fmt.Errorf("packaged images: %w", err)
		}
		if err := o.applyManifests(ctx); err != nil {
			return fmt.Errorf("packaged manifests: %w", err)
		}
		say("packaged manifests applied")
		group.Go(func() error {
			if err := o.applyKinds(ctx); err != nil && ctx.Err() == nil {
				return fmt.Errorf("packaged kinds: %w", err)
			}
			say("kinds of Traefik and the Gateway API applied")
			return nil
		})
		if err := waitForNode(ctx, client, o.nodeName); err != nil {
			return err
		}
		say("node ready")
		return nil
	})
	if err := group.Wait(); err != nil && ctx.Err() == nil {
		return err
	}
	return context.Cause(ctx)
}

// runPart runs a program until it ends, which it must not do while the node runs, or until ctx is done: then it is asked
// to end, and after five seconds made to.
func runPart(ctx context.Context, command []string) error {
	c := exec.CommandContext(ctx, command[0], command[1:]...)
	c.Stdout, c.Stderr = os.Stderr, os.Stderr
	c.Cancel = func() error { return c.Process.Signal(syscall.SIGTERM) }
	c.WaitDelay = 5 * time.Second
	err := c.Run()
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("%s ended: %v", command[0], err)
}

func newClient() (*kubernetes.Clientset, error) {
	config, err := clientcmd.BuildConfigFromFlags("", adminKubeconfig)
	if err != nil {
		return nil, err
	}
	return kubernetes.NewForConfig(config)
}

func waitForAPI(ctx context.Context, client *kubernetes.Clientset, check string) error {
	return wait.PollUntilContextCancel(ctx, 50*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		_, err := client.RESTClient().Get().AbsPath(check).DoRaw(ctx)
		return err == nil, nil
	})
}
