package main

import (
	"bytes"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"sigs.k8s.io/yaml"
)

const (
	containerdConfig = "/etc/containerd/config.toml"
	containerdSocket = "unix:///run/containerd/containerd.sock"
	kubeletConfig    = kubernetesDir + "/kubelet.yaml"
	nodeCorefile     = kubernetesDir + "/Corefile"
	podResolvConf    = kubernetesDir + "/resolv.conf"
	registryHosts    = "/etc/containerd/certs.d"
	registriesFile   = "/etc/rancher/k3s/registries.yaml"
	clusterDNS       = "10.43.0.10" // k3s's default, also set in manifests/coredns.yaml
)

// writeConfigs writes the configuration files of containerd, the kubelet and the node's CoreDNS.
func (o *options) writeConfigs() error {
	hosts, err := containerdHosts(registriesFile)
	if err != nil {
		return err
	}
	files := map[string]string{
		containerdConfig: fmt.Sprintf(containerdTemplate, filepath.Join(o.dataDir, "agent/containerd"), registryHosts),
		kubeletConfig:    fmt.Sprintf(kubeletTemplate, filepath.Join(o.dataDir, "server/tls/ca.crt"), clusterDNS, podResolvConf, containerdSocket),
		nodeCorefile:     fmt.Sprintf(".:53 {\n  bind %s\n  errors\n  cache 30\n  forward . /etc/resolv.conf\n}\n", nodeDNS),
		podResolvConf:    "nameserver " + nodeDNS + "\n",
	}
	for registry, content := range hosts {
		files[filepath.Join(registryHosts, registry, "hosts.toml")] = content
	}
	for path, content := range files {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// registries is the supported part of k3s's registries.yaml (https://docs.k3s.io/installation/private-registry).
type registries struct {
	Mirrors map[string]struct {
		Endpoint []string `json:"endpoint"`
	} `json:"mirrors"`
}

// containerdHosts converts k3s's registries.yaml into the content of containerd's hosts.toml for each registry.
func containerdHosts(path string) (map[string]string, error) {
	content, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var r registries
	if err := yaml.UnmarshalStrict(content, &r); err != nil {
		return nil, fmt.Errorf("%s: %w (only mirrors.<registry>.endpoint is supported)", path, err)
	}
	hosts := map[string]string{}
	for registry, mirror := range r.Mirrors {
		var b bytes.Buffer
		for _, endpoint := range mirror.Endpoint {
			u, err := url.Parse(endpoint)
			if err != nil || u.Host == "" {
				return nil, fmt.Errorf("%s: mirrors.%s.endpoint: must be a URL such as http://registry:5000 (got %q)", path, registry, endpoint)
			}
			fmt.Fprintf(&b, "[host.%q]\n  capabilities = [\"pull\", \"resolve\"]\n", endpoint)
		}
		hosts[registry] = b.String()
	}
	return hosts, nil
}

// restrict_oom_score_adj: a container without CAP_SYS_RESOURCE may not lower the score.
const containerdTemplate = `version = 2
root = %q
state = "/run/containerd"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "registry.k8s.io/pause:slipway"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "/etc/cni/net.d"
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = %q
`

const kubeletTemplate = `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication:
  anonymous: {enabled: false}
  webhook: {enabled: true}
  x509: {clientCAFile: %s}
authorization: {mode: Webhook}
clusterDomain: cluster.local
clusterDNS: [%s]
resolvConf: %s
containerRuntimeEndpoint: %s
cgroupDriver: cgroupfs
failCgroupV1: false
failSwapOn: false
enforceNodeAllocatable: []
# The disk is the developer's, so a nearly full disk must not evict pods.
evictionHard: {memory.available: 100Mi, nodefs.available: "0%%", imagefs.available: "0%%", nodefs.inodesFree: "0%%"}
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
serializeImagePulls: false
registryPullQPS: 0
eventRecordQPS: 0
rotateCertificates: false
nodeStatusUpdateFrequency: 10s
shutdownGracePeriod: 0s
`

func (o *options) kubeletCommand() []string {
	return []string{"kubelet", "--config=" + kubeletConfig, "--kubeconfig=" + kubernetesDir + "/kubelet.conf",
		"--hostname-override=" + o.nodeName, "--node-ip=" + o.nodeIP}
}

// proxyCommand leaves the conntrack limits alone, because they apply to the host's kernel.
func (o *options) proxyCommand() []string {
	return []string{"kube-proxy", "--kubeconfig=" + proxyKubeconfig, "--cluster-cidr=" + o.clusterCIDR, "--hostname-override=" + o.nodeName,
		"--proxy-mode=iptables", "--iptables-min-sync-period=100ms", "--conntrack-max-per-core=0", "--conntrack-tcp-timeout-established=0s", "--conntrack-tcp-timeout-close-wait=0s"}
}
